"""Rollouts: a version is tried on part of what is asked, watched, and taken back when it does worse."""
