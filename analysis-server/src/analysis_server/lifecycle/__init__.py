"""A worker from its start to its end: signals, heartbeat, canary, janitor, drain."""
