"""Models that tell of each pixel of an image what it shows."""
