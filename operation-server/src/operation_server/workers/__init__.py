"""Workers: what their heartbeats in Redis say."""
