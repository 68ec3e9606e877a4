"""Properties are tried on the same examples in every run, and no example is timed: machines differ."""

from hypothesis import settings

settings.load_profile("ci")
