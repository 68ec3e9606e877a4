"""What is the same customer: normalise, key, match, grade. Pure: no I/O, no clock, no randomness."""
