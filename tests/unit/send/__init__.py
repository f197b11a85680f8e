"""Tests of the room `send`."""
