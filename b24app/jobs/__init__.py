"""Work done behind the doors: one table of tasks on the queue."""
