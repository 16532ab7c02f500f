"""Signals: what happens to the platform and is no event of a job, for who is told by notifications."""
