"""Publishes durable events to the Redis stream after their commit, each exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from redis.asyncio import Redis

from operation_server.cancellation import cancel
from operation_server.database.engine import AsyncEngine
from operation_server.faults import is_outage
from operation_server.live.repository import mark_published
from operation_server.metrics.recording import events_published
from satellite.contracts import redis_keys
from satellite.contracts.event import StreamEntry

STREAM_LENGTH = 100_000
EVENTS_PER_BUCKET = 1_000
BUCKET_TTL_S = 86_400
"""An event is published again only while its mark is not in the database yet."""
MARK_DELAY_S = 0.2
"""Marks of published events are gathered for this long, so that they cost one statement."""

# KEYS: the stream, then the bitmap of each entry. ARGV: stream length, bitmap time to live, then for each
# entry its bit (-1 when it is live only) and its fields. One script, so that bit and entry are set together
# and publishing again is harmless.
PUBLISH_ONCE = """
local added = 0
for i = 2, #KEYS do
    local at = 3 + (i - 2) * 9
    local bit = tonumber(ARGV[at])
    local is_new = true
    if bit >= 0 then
        is_new = redis.call('SETBIT', KEYS[i], bit, 1) == 0
        redis.call('EXPIRE', KEYS[i], ARGV[2])
    end
    if is_new then
        redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*',
            'event_id', ARGV[at + 1], 'job_id', ARGV[at + 2], 'uid', ARGV[at + 3], 'owner_id', ARGV[at + 4],
            'type', ARGV[at + 5], 'data', ARGV[at + 6], 'at', ARGV[at + 7], 'subject', ARGV[at + 8])
        added = added + 1
    end
end
return added
"""

log = structlog.get_logger(__name__)


class EventPublisher:
    """Adds events to the stream and remembers in the database which ones it added.

    Nothing here raises or blocks for long: what cannot be published stays unmarked and is swept later.
    """

    def __init__(self, *, redis: Redis, engine: AsyncEngine) -> None:
        self._redis = redis
        self._engine = engine
        self._script = redis.register_script(PUBLISH_ONCE)
        self._unmarked: list[int] = []
        self._marking: asyncio.Task[None] | None = None

    async def publish(self, entries: Sequence[StreamEntry]) -> bool:
        """Publish committed events in their order; return whether Redis took them.

        One that can never be published is left to whoever reads the database, and the others are published.
        """
        if not entries:
            return True
        try:
            keys, arguments = _script_parameters(entries)
            await self._script(keys=keys, args=arguments)
        except Exception as error:
            if is_outage(error):
                log.warning("events wait for the sweep", events=len(entries), error=str(error))
                return False
            if len(entries) > 1:
                return all([await self.publish([entry]) for entry in entries])
            log.exception("an event cannot be published", event_id=entries[0].event_id)
        else:
            events_published(entries)
        self.mark_later([entry.event_id for entry in entries if entry.event_id])
        return True

    def mark_later(self, event_ids: Sequence[int]) -> None:
        """Remember soon that events need no publishing any more."""
        self._unmarked.extend(event_ids)
        if self._unmarked and (self._marking is None or self._marking.done()):
            self._marking = asyncio.create_task(self._mark_soon())

    async def aclose(self) -> None:
        """Write the marks that are still gathered."""
        if self._marking is not None:
            await cancel(self._marking)
        await self._mark()

    async def flush_marks(self) -> None:
        """Write the marks gathered so far now."""
        await self._mark()

    async def _mark_soon(self) -> None:
        while self._unmarked:
            await asyncio.sleep(MARK_DELAY_S)
            await self._mark()

    async def _mark(self) -> None:
        ids, self._unmarked = self._unmarked, []
        if not ids:
            return
        try:
            await mark_published(self._engine, ids)
        except Exception as error:
            # They are published once more, which is harmless.
            if not is_outage(error):
                log.exception("published events are not marked", events=len(ids))
                return
            log.warning("published events are not marked", events=len(ids), error=str(error))


def _script_parameters(entries: Sequence[StreamEntry]) -> tuple[list[str], list[str | int]]:
    keys = [redis_keys.EVENTS]
    arguments: list[str | int] = [STREAM_LENGTH, BUCKET_TTL_S]
    for entry in entries:
        bucket, bit = divmod(entry.event_id, EVENTS_PER_BUCKET)
        keys.append(redis_keys.published_events(int(entry.at.timestamp()), bucket))
        arguments += [
            bit if entry.event_id else -1,
            entry.event_id,
            entry.job_id,
            str(entry.uid),
            entry.owner_id,
            entry.type.value,
            entry.data,
            entry.at.isoformat(),
            entry.subject.value,
        ]
    return keys, arguments
