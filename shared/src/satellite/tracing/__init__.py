"""Spans of a job at its nine stops, told to an OpenTelemetry collector where one is named."""
