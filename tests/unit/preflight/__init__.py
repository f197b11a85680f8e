"""Tests of the room `preflight`."""
