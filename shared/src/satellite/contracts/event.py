"""Events: what is told about a job, to WebSocket, SSE and JSON clients alike."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from satellite.contracts.job import Message


class EventType(StrEnum):
    """The four types of event."""

    STATUS = "status"
    """Durable. `data`: status, attempt, and, where they apply, error, run_at, cancelling, worker."""
    PROGRESS = "progress"
    """Live only. `data`: attempt, fraction (0 to 1), message."""
    LOG = "log"
    """Live only; the whole log is stored when the attempt ends. `data`: attempt, lines (list of str)."""
    RESULT = "result"
    """Durable, with the terminal status. `data`: status, result, error, attempt."""


class Event(Message):
    """One frame as clients see it; `cursor` resumes a stream after it."""

    cursor: str
    job_id: int
    type: EventType
    data: dict[str, Any]
    at: datetime


class StreamEntry(Message):
    """One entry of the Redis stream `redis_keys.EVENTS`; every field is stored as text.

    `event_id` is the id of the durable event in PostgreSQL, 0 for live-only events.
    """

    event_id: int = 0
    job_id: int
    owner_id: int
    type: EventType
    data: str
    """The event's data as JSON text, so that fan-out needs no second serialisation."""
    at: datetime
