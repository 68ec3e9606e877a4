"""Doors for people and portals: pages, widgets, event handlers."""
