"""Metrics: what operators watch, in the text format of Prometheus."""
