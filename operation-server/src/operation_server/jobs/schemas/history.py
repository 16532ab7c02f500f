"""What hangs on a job: its attempts and events, as answers show them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import BaseModel

from operation_server.database.rows import AnyRow
from operation_server.incarnations.lost_events import Recovery
from operation_server.jobs.schemas.page import page_of
from operation_server.live.cursor import STREAM_START, Cursor
from operation_server.live.replay import reset_data
from satellite.contracts.event import Event, EventType
from satellite.contracts.outcome import JobError

ATTEMPT_EXAMPLE: dict[str, Any] = {
    "attempt": 1,
    "worker": "gpu-1",
    "outcome": "failed",
    "error": {"kind": "exit", "message": "The plugin ended with exit code 1.", "exit_code": 1},
    "started_at": "2026-01-02T03:04:05Z",
    "finished_at": "2026-01-02T03:04:06Z",
    "timings": None,
}
EVENT_EXAMPLE: dict[str, Any] = {
    "cursor": "0-0:7",
    "job_id": 42,
    "type": "status",
    "data": {"status": "queued", "attempt": 0},
    "at": "2026-01-02T03:04:05Z",
}


class AttemptRead(BaseModel):
    """One finished attempt."""

    attempt: int
    worker: str | None
    outcome: str
    error: JobError | None
    started_at: datetime | None
    finished_at: datetime
    timings: dict[str, Any] | None


class AttemptList(BaseModel):
    """The finished attempts of a job in order."""

    model_config = page_of(ATTEMPT_EXAMPLE)

    total: int
    items: list[AttemptRead]


class EventList(BaseModel):
    """The durable events of a job in order."""

    model_config = page_of(EVENT_EXAMPLE)

    total: int
    items: list[Event]


def event_fields(row: AnyRow) -> dict[str, Any]:
    """Return a durable event as the answer shows it; its cursor resumes a stream after it."""
    return {
        "cursor": str(Cursor(STREAM_START, row.id)),
        "job_id": row.job_id,
        "type": row.type,
        "data": orjson.Fragment(row.data),
        "at": row.at,
    }


def reset_fields(recovery: Recovery, job_id: int) -> dict[str, Any]:
    """Return the event that stands before all others where a client has seen some that are no longer so."""
    return {
        "cursor": str(Cursor(STREAM_START, 0)),
        "job_id": job_id,
        "type": EventType.RESET,
        "data": orjson.Fragment(reset_data(recovery)),
        "at": datetime.now(UTC),
    }


def attempt_fields(row: AnyRow) -> dict[str, Any]:
    """Return a finished attempt as the answer shows it."""
    parts = {"error": orjson.Fragment(row.error or "null"), "timings": orjson.Fragment(row.timings or "null")}
    return row._asdict() | parts
