"""Users of all kinds at once, by Locust."""
