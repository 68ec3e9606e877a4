"""What is true of a record now, and what became other."""
