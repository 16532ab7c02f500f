"""Notifications: who is told of what, by which channels, and that it is told once."""
