"""Kafka at the edge: events of jobs go out to a topic, and records of another come in as jobs.

A process of its own, beside the way of a job: without it, and while the brokers are away, all else goes on.
"""
