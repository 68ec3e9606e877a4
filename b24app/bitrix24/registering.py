"""One small function per REST method by which the app registers robots, triggers and fields in a portal.

Each returns a Command; tabs and events are in ``methods.py``.
"""

METHODS: frozenset[str] = frozenset()
