"""What tests around Satellite need instead of servers: messages, listeners and an API made of answers."""

from satellite.testing.answering_server import AnsweringServer, answering_server
from satellite.testing.messages import (
    attempt_key_of,
    heartbeat_of,
    job_message_of,
    manifest_of,
    outcome_of,
    started_report_of,
)
from satellite.testing.recorders import RecordingListener, RecordingReporter

__all__ = [
    "AnsweringServer",
    "RecordingListener",
    "RecordingReporter",
    "answering_server",
    "attempt_key_of",
    "heartbeat_of",
    "job_message_of",
    "manifest_of",
    "outcome_of",
    "started_report_of",
]
