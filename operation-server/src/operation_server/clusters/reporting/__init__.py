"""What connectors ask and tell: the clusters with their keys, how these are, and how attempts are there."""
