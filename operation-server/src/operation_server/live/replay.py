"""What a client missed: from the stream where it still has it, else from the database."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime
from typing import Any

import orjson
from redis.exceptions import RedisError

from operation_server.database.connections import Connections
from operation_server.incarnations.lost_events import Recovery
from operation_server.live import repository
from operation_server.live.cursor import (
    STREAM_START,
    Cursor,
    StreamId,
    format_stream_id,
    parse_stream_id,
)
from operation_server.live.frame import Frame
from operation_server.live.hub import Hub
from operation_server.live.stream_reader import readable
from operation_server.live.subscription import Subscription
from satellite.contracts import redis_keys
from satellite.contracts.event import EventType
from satellite.contracts.identity import JobKey, uid_by_number

PAGE = 500
NO_JOB = JobKey(0, uid_by_number(0))
TAKEN_BACK = (
    "The platform was recovered from a backup, and some of what you were told is no longer so."
    " Ask for your jobs anew."
)


async def list_durable(
    connections: Connections,
    *,
    job_id: int | None = None,
    owner_id: int | None = None,
    after: int = 0,
    limit: int = PAGE,
) -> list[Frame]:
    """Return a page of durable events in their order: of a job, of an owner, or of all."""
    async with connections.connect() as connection:
        rows = await repository.list_durable(
            connection, job_id=job_id, owner_id=owner_id, after=after, limit=limit
        )
    return [
        Frame.build(
            event_id=row.id,
            job=JobKey(row.job_id, row.uid),
            owner_id=row.owner_id,
            type_=row.type,
            data=row.data,
            at=row.at.isoformat(),
            subject=row.subject,
        )
        for row in rows
    ]


async def follow(hub: Hub, subscription: Subscription, *, after: Cursor | None) -> AsyncGenerator[str]:
    """Yield the text of every frame after a cursor: first what was missed, then what comes.

    Without a cursor the story of a single job begins at its submission, that of many jobs begins now. So
    it is after a cursor of what a recovery from a backup took back; the first frame says so.

    Raises:
        FellBehind: the client is too slow.
        AccessEnded: it may not see what it asked for any more.
    """
    recovery = await hub.lost_events.recovery_of(after.event_id) if after else None
    if recovery is not None:
        after = None
    subscription.event_id = after.event_id if after else hub.newest_event_id
    with hub.subscribed(subscription):
        # Subscribed before anything is read, so that nothing falls between the past and the present.
        present = hub.position
        if recovery is not None:
            yield reset_frame(recovery, subscription, at=present)
        if after is None and subscription.job is None:
            missed = None
        elif after is not None and await stream_holds(hub, after.stream_id):
            missed = _from_stream(hub, subscription, after.stream_id, present)
        else:
            subscription.event_id = after.event_id if after else 0
            missed = _from_database(hub, subscription)
        if missed is not None:
            async for line in missed:
                subscription.require_access()
                yield line
        while True:
            yield await subscription.take()


def reset_frame(recovery: Recovery, subscription: Subscription, *, at: StreamId) -> str:
    """Return the frame by which a client forgets what it knows, and resumes with what is so now."""
    frame = Frame.build(
        stream_id=STREAM_START if subscription.job else at,
        job=subscription.job or NO_JOB,
        owner_id=0,
        type_=EventType.RESET,
        data=reset_data(recovery),
        at=datetime.now(UTC).isoformat(),
    )
    return frame.text(0 if subscription.job else subscription.event_id)


def reset_data(recovery: Recovery) -> str:
    """Return what a client is told that has seen what a recovery took back."""
    return orjson.dumps({"message": TAKEN_BACK, "recovered_at": recovery.began_at}).decode()


async def stream_holds(hub: Hub, stream_id: StreamId) -> bool:
    """Tell whether the stream still has everything after an entry, that entry included."""
    try:
        oldest: Any = await hub.redis.xrange(redis_keys.EVENTS, count=1)
        newest: Any = await hub.redis.xrevrange(redis_keys.EVENTS, count=1)
    except (RedisError, OSError):
        return False
    if not oldest or not newest:
        return False
    return parse_stream_id(oldest[0][0]) <= stream_id <= parse_stream_id(newest[0][0])


async def _from_stream(
    hub: Hub, subscription: Subscription, start: StreamId, end: StreamId
) -> AsyncIterator[str]:
    async for frame in frames_between(hub, start, end):
        if _is_wanted(frame, subscription):
            yield subscription.show(frame)


async def newest_in_stream(hub: Hub) -> StreamId | None:
    """Return the newest entry of the stream, None where there is none or it cannot be read."""
    try:
        newest: Any = await hub.redis.xrevrange(redis_keys.EVENTS, count=1)
    except (RedisError, OSError):
        return None
    return parse_stream_id(newest[0][0]) if newest else None


async def frames_between(hub: Hub, start: StreamId, end: StreamId) -> AsyncIterator[Frame]:
    """Yield what the stream has after `start`, up to `end`."""
    position = start
    while position < end:
        entries: Any = await hub.redis.xrange(
            redis_keys.EVENTS, min=f"({format_stream_id(position)}", max=format_stream_id(end), count=PAGE
        )
        for raw_id, fields in entries:
            position = parse_stream_id(raw_id)
            frame = readable(position, fields)
            if frame is not None:
                yield frame
        if len(entries) < PAGE:
            return


async def _from_database(hub: Hub, subscription: Subscription) -> AsyncIterator[str]:
    while True:
        frames = await list_durable(
            hub.connections,
            job_id=subscription.job.job_id if subscription.job else None,
            owner_id=subscription.owner_id,
            after=subscription.event_id,
        )
        for frame in frames:
            subscription.shown.add(frame.event_id)
            yield subscription.show(frame)
        if len(frames) < PAGE:
            break
    progress = hub.latest_progress(subscription.job) if subscription.job else None
    if progress is not None:
        yield subscription.show(progress)


def _is_wanted(frame: Frame, subscription: Subscription) -> bool:
    if not subscription.is_for(frame):
        return False
    if subscription.job is not None:
        return frame.job == subscription.job
    return subscription.owner_id in {None, frame.owner_id}
