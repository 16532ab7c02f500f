"""Workflows: drafts that people edit, versions that are deployed, and their runs."""
