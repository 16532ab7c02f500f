"""Models of series of numbers in equal steps of time."""
