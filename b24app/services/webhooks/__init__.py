"""What outside programs are told of changes."""
