"""Events: what is told about a job, to WebSocket, SSE and JSON clients alike."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from satellite.contracts.message import Message


class EventType(StrEnum):
    """The types of event."""

    STATUS = "status"
    """Durable. `data`: status, attempt, and, where they apply, error, run_at, cancelling, worker."""
    PROGRESS = "progress"
    """Live only. `data`: attempt, fraction (0 to 1), message, and metrics (numbers by name) where told."""
    LOG = "log"
    """Live only; the whole log is stored when the attempt ends. `data`: attempt, lines (list of str)."""
    RESULT = "result"
    """Durable, with the terminal status. `data`: status, result, error, attempt."""
    TASK = "task"
    """Durable, of runs. `data`: task, status, and, where they apply, reason, steps (total, completed, failed)
    and job_id."""
    NOTIFICATION = "notification"
    """Live only; what a rule of the owner's tells by a channel of kind `websocket`. `data`: id, type,
    timestamp, title, data."""
    RESET = "reset"
    """To one client: some of what it was told is no longer so, because the platform was recovered.
    `data`: message, recovered_at. What is so now follows: of one job its story from the beginning, of
    many jobs what happens from now on."""


class EventSubject(StrEnum):
    """What events are about; jobs and runs are numbered by one sequence."""

    JOB = "job"
    RUN = "run"
    PLATFORM = "platform"
    """No job: `job_id` is 0."""


class Event(Message):
    """One frame as clients see it; `cursor` resumes a stream after it.

    `job_id` is the number of the job, or of the run where `subject` says so.
    """

    cursor: str
    subject: EventSubject = EventSubject.JOB
    job_id: int
    type: EventType
    data: dict[str, Any]
    at: datetime


class StreamEntry(Message):
    """One entry of the Redis stream `redis_keys.EVENTS`; every field is stored as text.

    `event_id` is the id of the durable event in PostgreSQL, 0 for live-only events.
    """

    event_id: int = 0
    subject: EventSubject = EventSubject.JOB
    job_id: int
    uid: UUID
    owner_id: int
    type: EventType
    data: str
    """The event's data as JSON text, so that fan-out needs no second serialisation."""
    at: datetime
