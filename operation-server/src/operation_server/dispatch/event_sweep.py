"""Publishes durable events that were committed and, because a process died or Redis was away, never told."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.live.event_publisher import EventPublisher
from satellite.contracts.event import EventType, StreamEntry

BATCH = 1_000

UNPUBLISHED = text("""
    SELECT id, job_id, owner_id, type, CAST(data AS text) AS data, at FROM job_events
    WHERE published_at IS NULL AND at < now() - interval '1 second'
    ORDER BY id LIMIT :limit
""")


async def sweep_events(engine: AsyncEngine, events: EventPublisher) -> int:
    """Publish what is older than a second and not marked as published; return how many events it was."""
    swept = 0
    while True:
        async with engine.connect() as connection:
            rows = (await connection.execute(UNPUBLISHED, {"limit": BATCH})).all()
        entries = [
            StreamEntry(
                event_id=row.id,
                job_id=row.job_id,
                owner_id=row.owner_id,
                type=EventType(row.type),
                data=row.data,
                at=row.at,
            )
            for row in rows
        ]
        if not await events.publish(entries):
            return swept
        await events.flush_marks()
        swept += len(rows)
        if len(rows) < BATCH:
            return swept
