"""The whole program, run as users run it."""
