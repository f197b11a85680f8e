"""Draws cards as a phone shows them, on the terminal and in pages that hold everything they need."""
