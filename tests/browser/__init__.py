"""Pages opened for real, in the system's Chromium."""
