"""One small function per REST method by which the app changes something in a portal. Each returns a Command."""

METHODS: frozenset[str] = frozenset()
