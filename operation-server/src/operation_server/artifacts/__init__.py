"""Artifacts: the files that a job has written, once it has completed."""
