"""What follows from what is known: pure functions and tables, no I/O and no clock."""
