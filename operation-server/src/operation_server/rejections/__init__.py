"""Rejected reports: what workers reported and nobody could apply, kept for admins."""
