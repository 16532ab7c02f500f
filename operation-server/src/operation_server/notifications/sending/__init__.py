"""Sends what is to be told, in the process of notifications alone."""
