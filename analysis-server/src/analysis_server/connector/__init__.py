"""The worker of a cluster: GPU machines that are reached by SSH alone."""
