"""What a user would pick instead, and the floors below which nothing can go: programs with nothing of ours in them."""
