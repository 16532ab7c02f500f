"""Plugins as processes of this machine, for machines without a container engine."""
