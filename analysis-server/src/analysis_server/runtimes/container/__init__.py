"""Plugins in containers."""
