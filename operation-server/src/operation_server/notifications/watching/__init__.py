"""Looks for what nobody writes an event of: workers that are gone, jobs that nobody can run."""
