"""Submission: a request becomes a stored job, or is refused with all that is wrong with it."""
