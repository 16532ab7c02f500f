"""Giving secrets: to jobs that may have them, and to the worker that runs them."""
