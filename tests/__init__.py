"""What the program promises, told by example."""
