"""Durable events: how transitions write them and hand them on for publishing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from satellite.contracts.event import EventSubject, EventType, StreamEntry
from satellite.contracts.job import JobStatus

JOBS_CHANNEL = "satellite_jobs"
"""Where PostgreSQL notifies the dispatcher.

Payloads: `due`, a job became dispatchable; `due:S`, one will in S seconds; `room`, a place was freed.
"""

ROOM = "room"

INSERT_EVENTS = """
    INSERT INTO job_events (subject, job_id, owner_id, type, data)
    SELECT e.subject, e.job_id, e.owner_id, e.type, e.data
    FROM ROWS FROM (
        json_to_recordset(CAST(:events AS json))
            AS (subject text, job_id bigint, owner_id bigint, type text, data json)
    ) WITH ORDINALITY AS e
    ORDER BY e.ordinality
    RETURNING id, at
"""


class Subject(NamedTuple):
    """The job that an event is about, or the run of a workflow, which is numbered like one."""

    job_id: int
    uid: UUID
    owner_id: int
    of: EventSubject = EventSubject.JOB


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event about to be written; `data` is JSON text."""

    subject: Subject
    type: EventType
    data: str


def subject_of(row: Any) -> Subject:
    """Return the job of a row of `jobs`."""
    return Subject(row.id, row.uid, row.owner_id)


def status_event(subject: Subject, status: JobStatus, attempt: int, **data: Any) -> NewEvent:
    """Return the event that tells of a new status; empty members of `data` are left out."""
    told = {"status": status, "attempt": attempt} | {key: value for key, value in data.items() if value}
    return NewEvent(subject, EventType.STATUS, orjson.dumps(told).decode())


def result_event(
    subject: Subject,
    status: JobStatus,
    attempt: int,
    *,
    result_json: str | None = None,
    result_artifact: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
) -> NewEvent:
    """Return the event that closes a job's story; the result is JSON text already."""
    data = {
        "status": status,
        "result": orjson.Fragment(result_json or "null"),
        "error": error,
        "attempt": attempt,
    }
    if result_artifact is not None:
        data["result_artifact"] = result_artifact
    return NewEvent(subject, EventType.RESULT, orjson.dumps(data).decode())


def events_parameter(events: Iterable[NewEvent]) -> str:
    """Return the `:events` parameter of `INSERT_EVENTS`."""
    return orjson.dumps(
        [
            {
                "subject": event.subject.of,
                "job_id": event.subject.job_id,
                "owner_id": event.subject.owner_id,
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
            subject=event.subject.of,
            job_id=event.subject.job_id,
            uid=event.subject.uid,
            owner_id=event.subject.owner_id,
            type=event.type,
            data=event.data,
            at=at,
        )
        for event, (event_id, at) in zip(events, sorted(identities), strict=True)
    ]


def insert_events(connection: Connection, events: Sequence[NewEvent]) -> list[StreamEntry]:
    """Write `events` and return what to publish after the commit.

    The transaction has changed a row before: readers of events tell by its number whether ids are missing for
    good (decision 26).
    """
    if not events:
        return []
    rows = connection.execute(text(INSERT_EVENTS), {"events": events_parameter(events)})
    return stream_entries(events, [(row.id, row.at) for row in rows])


def notify_dispatcher(connection: Connection, payload: str = "due") -> None:
    """Wake the dispatcher when the transaction commits."""
    connection.execute(
        text("SELECT pg_notify(:channel, :payload)"), {"channel": JOBS_CHANNEL, "payload": payload}
    )
