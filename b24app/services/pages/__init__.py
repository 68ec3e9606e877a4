"""The app's own pages and their forms: overview, settings, automation, enquiries, connections."""
