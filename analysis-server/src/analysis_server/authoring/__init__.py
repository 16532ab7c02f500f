"""What the author of a plugin needs: it is tried as a worker would run it, and each fault is named."""
