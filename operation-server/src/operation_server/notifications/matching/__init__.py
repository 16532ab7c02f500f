"""Finds out who wants to be told of what has happened."""
