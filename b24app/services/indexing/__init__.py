"""Reading a portal into the index, and keeping up with its events."""
