"""Tests of the room `template` part by part; what a template can do as a whole is in test_template.py."""
