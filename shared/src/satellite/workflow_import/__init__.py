"""Workflows out of files that others understand, read and never run."""
