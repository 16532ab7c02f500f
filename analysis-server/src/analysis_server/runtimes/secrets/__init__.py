"""Secrets on the worker: fetched for one attempt, put into memory for it alone, masked in what it writes."""
