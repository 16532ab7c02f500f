"""Files on their way to a cluster and back: by content, in parallel, and on from where a line broke."""
