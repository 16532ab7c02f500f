"""Channels: by what a user is told."""
