"""Incarnations: whether the database is the one that was worked on, or was recovered from a backup since."""
