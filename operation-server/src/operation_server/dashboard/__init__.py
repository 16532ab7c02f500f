"""Dashboard: one page over the public API."""
