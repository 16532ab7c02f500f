"""Publishes durable events that were committed and, because a process died or Redis was away, never told."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from operation_server.database.engine import AsyncEngine
from operation_server.faults import is_outage
from operation_server.live import repository
from operation_server.live.event_publisher import EventPublisher
from operation_server.metrics.recording import reconciler_failed
from satellite.contracts.event import EventSubject, EventType, StreamEntry

BATCH = 1_000

log = structlog.get_logger(__name__)


async def sweep_events(engine: AsyncEngine, events: EventPublisher) -> int:
    """Publish what is older than a second and not marked as published; return how many events it was.

    One that cannot be read or published is marked like the others: whoever reads the database finds it.
    """
    swept, after = 0, 0
    while True:
        async with engine.connect() as connection:
            ids = await repository.list_unpublished(connection, after=after, limit=BATCH)
        if not ids:
            return swept
        entries = await _read(engine, ids)
        if not await events.publish(entries):
            return swept
        events.mark_later(ids)
        await events.flush_marks()
        swept, after = swept + len(ids), ids[-1]


async def _read(engine: AsyncEngine, ids: Sequence[int]) -> list[StreamEntry]:
    try:
        async with engine.connect() as connection:
            rows = await repository.list_by_id(connection, ids)
        return [
            StreamEntry(
                event_id=row.id,
                subject=EventSubject(row.subject),
                job_id=row.job_id,
                uid=row.uid,
                owner_id=row.owner_id,
                type=EventType(row.type),
                data=row.data,
                at=row.at,
            )
            for row in rows
        ]
    except Exception as error:
        if is_outage(error):
            raise
        if len(ids) > 1:
            return [entry for one in ids for entry in await _read(engine, [one])]
        log.exception("an event cannot be read, nobody is told of it live", event_id=ids[0])
        reconciler_failed("events")
        return []
