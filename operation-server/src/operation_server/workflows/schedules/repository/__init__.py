"""All SQL about schedules and their ticks."""
