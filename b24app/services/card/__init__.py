"""The tab in a card: who may match, what the portal shows the viewer, what the tab says."""
