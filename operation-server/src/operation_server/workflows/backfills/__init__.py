"""Backfills: runs for ticks of the past, a few at a time."""
