"""Plugins on this worker: their sources, their environments, and the models they hold."""
