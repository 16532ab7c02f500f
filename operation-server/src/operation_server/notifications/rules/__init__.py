"""Rules: what a user is told of."""
