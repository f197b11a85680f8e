"""What each rule catches and what it lets pass."""
