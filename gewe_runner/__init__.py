"""Declarative campaigns of WeChat mini-program cards, sent through the GeWe API at most once."""

__version__ = "0.1.0"
