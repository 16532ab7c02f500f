"""Workflows on real parts."""
