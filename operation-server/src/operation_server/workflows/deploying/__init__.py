"""Deployment: a draft that has no fault becomes a version that never changes."""
