"""How fast and how large: figures for `make bench`, measured side by side."""
