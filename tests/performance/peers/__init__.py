"""The same work that does nothing, given to others: programs for the environment in build/peers."""
