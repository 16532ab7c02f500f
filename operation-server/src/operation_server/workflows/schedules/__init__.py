"""Schedules: when workflows run by themselves."""
