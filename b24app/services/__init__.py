"""Use cases: read, ask, decide, write. One function each, verb first."""
