"""Statistics: counts and times over all jobs."""
