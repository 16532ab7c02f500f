"""Durable events: how transitions write them and hand them on for publishing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

from satellite.contracts.event import EventType, StreamEntry
from satellite.contracts.job import JobStatus

JOBS_CHANNEL = "satellite_jobs"
"""Where PostgreSQL notifies the dispatcher.

Payloads: `due`, a job became dispatchable; `due:S`, one will in S seconds; `room`, a place was freed.
"""

ROOM = "room"

INSERT_EVENTS = """
    INSERT INTO job_events (job_id, owner_id, type, data)
    SELECT e.job_id, e.owner_id, e.type, e.data
    FROM ROWS FROM (
        json_to_recordset(CAST(:events AS json)) AS (job_id bigint, owner_id bigint, type text, data json)
    ) WITH ORDINALITY AS e
    ORDER BY e.ordinality
    RETURNING id, at
"""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event about to be written; `data` is JSON text."""

    job_id: int
    owner_id: int
    type: EventType
    data: str


def status_event(job_id: int, owner_id: int, status: JobStatus, attempt: int, **data: Any) -> NewEvent:
    """Return the event that tells of a new status; empty members of `data` are left out."""
    told = {"status": status, "attempt": attempt} | {key: value for key, value in data.items() if value}
    return NewEvent(job_id, owner_id, EventType.STATUS, orjson.dumps(told).decode())


def result_event(
    job_id: int,
    owner_id: int,
    status: JobStatus,
    attempt: int,
    *,
    result_json: str | None = None,
    error: dict[str, Any] | None = None,
) -> NewEvent:
    """Return the event that closes a job's story; the result is JSON text already."""
    data = {
        "status": status,
        "result": orjson.Fragment(result_json or "null"),
        "error": error,
        "attempt": attempt,
    }
    return NewEvent(job_id, owner_id, EventType.RESULT, orjson.dumps(data).decode())


def events_parameter(events: Iterable[NewEvent]) -> str:
    """Return the `:events` parameter of `INSERT_EVENTS`."""
    return orjson.dumps(
        [
            {
                "job_id": event.job_id,
                "owner_id": event.owner_id,
                "type": event.type,
                "data": orjson.Fragment(event.data),
            }
            for event in events
        ]
    ).decode()


def stream_entries(
    events: Sequence[NewEvent], identities: Iterable[tuple[int, datetime]]
) -> list[StreamEntry]:
    """Return what to publish for `events`, whose ids were given in their order."""
    # Sorted, because RETURNING promises no order; the ids themselves were given in the order of the events.
    return [
        StreamEntry(
            event_id=event_id,
            job_id=event.job_id,
            owner_id=event.owner_id,
            type=event.type,
            data=event.data,
            at=at,
        )
        for event, (event_id, at) in zip(events, sorted(identities), strict=True)
    ]


def insert_events(connection: Connection, events: Sequence[NewEvent]) -> list[StreamEntry]:
    """Write `events` and return what to publish after the commit."""
    if not events:
        return []
    rows = connection.execute(text(INSERT_EVENTS), {"events": events_parameter(events)})
    return stream_entries(events, [(row.id, row.at) for row in rows])


def notify_dispatcher(connection: Connection, payload: str = "due") -> None:
    """Wake the dispatcher when the transaction commits."""
    connection.execute(
        text("SELECT pg_notify(:channel, :payload)"), {"channel": JOBS_CHANNEL, "payload": payload}
    )
