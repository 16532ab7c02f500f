"""Deliveries: what was told, and what receivers said."""
