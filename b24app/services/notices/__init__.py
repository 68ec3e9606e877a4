"""What people and automation are told of changes: notes, notifications, triggers."""
