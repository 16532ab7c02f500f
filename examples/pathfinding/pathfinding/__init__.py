"""Finds a way over the water or the land of a map: an example of a program that asks a model directly."""
