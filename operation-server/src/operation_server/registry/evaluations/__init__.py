"""Evaluations: how good a version is on data of one digest."""
