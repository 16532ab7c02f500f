"""Server mode: long-lived plugins that answer one job, or one batch of jobs, after the other."""
