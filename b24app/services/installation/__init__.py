"""An installation's life, and everything that is registered in a portal."""
