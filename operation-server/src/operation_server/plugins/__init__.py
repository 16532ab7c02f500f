"""Plugins: registering, listing and controlling immutable plugin versions."""
