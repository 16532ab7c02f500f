"""Between PostgreSQL and the broker: the dispatcher, the reconciler and the results consumer."""
