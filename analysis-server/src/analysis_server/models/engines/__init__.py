"""What computes: the port of an engine, and its adapters."""
