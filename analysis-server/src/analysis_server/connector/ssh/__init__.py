"""SSH: connections to a cluster, whose keys are pinned and whose lines may break."""
