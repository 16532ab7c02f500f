"""What a worker tells: outcomes and starts to the operation server, leases and live events to Redis."""
