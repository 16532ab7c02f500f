"""Limits: how often users, keys and addresses may ask, and how much a user may have in the queue."""
