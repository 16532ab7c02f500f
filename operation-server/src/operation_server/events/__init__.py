"""Durable events for others: readers that keep a mark of their own and see each event exactly once."""
