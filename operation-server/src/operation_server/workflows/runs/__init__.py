"""Runs of workflows: begun by hand, looked at, approved, cancelled and retried."""
