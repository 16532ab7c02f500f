"""What the author of a plugin begins with."""
