"""Tests of cards as they are drawn."""
