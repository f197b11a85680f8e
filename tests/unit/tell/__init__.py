"""Tests of what a CI service is told."""
