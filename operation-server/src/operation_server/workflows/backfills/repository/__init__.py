"""All SQL about backfills."""
