"""The steps, oldest first; each file says what it brings."""
