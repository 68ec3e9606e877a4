"""The demo: toy portals and the app in one process, for a person to look at, and for a check without one."""
