"""Conditions and values of workflows, written in CEL over `results`, `params`, `run` and `item`."""
