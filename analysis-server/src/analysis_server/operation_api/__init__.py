"""What a worker asks of the operation server's API and waits for, unlike what goes through the broker."""
