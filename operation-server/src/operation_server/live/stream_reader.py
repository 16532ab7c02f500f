"""Reads the event stream of Redis on and on, for whoever is told of what it brings."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from operation_server.live.cursor import STREAM_START, StreamId, format_stream_id, parse_stream_id
from operation_server.live.frame import Frame
from operation_server.process_end import beside_requests
from satellite.contracts import redis_keys

BLOCK_MS = 3_000
SOCKET_TIMEOUT_S = 10
READ_COUNT = 500
RETRY_S = 0.5

log = structlog.get_logger(__name__)


class StreamReader:
    """The one reader of a process; Redis may be away, and come back as another one."""

    def __init__(self, redis_url: str, told: Callable[[Sequence[Frame]], None]) -> None:
        """Call `told` with the frames of each answer, in their order."""
        # A client of its own, because others time out before a blocking read ends.
        self.redis = Redis.from_url(redis_url, socket_connect_timeout=2, socket_timeout=SOCKET_TIMEOUT_S)
        self.position: StreamId = STREAM_START
        """The last entry that was read."""
        self._told = told

    async def seek_end(self) -> None:
        """Stand at the end of the stream, if Redis answers."""
        with contextlib.suppress(RedisError, OSError):
            self.position = await self._end()

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Read on until the block ends."""
        try:
            async with beside_requests("event stream", self._read()):
                yield
        finally:
            await self.redis.aclose()

    async def _read(self) -> None:
        is_down = False
        while True:
            try:
                await self._read_once()
                is_down = False
            except (RedisError, OSError) as error:
                if not is_down:
                    log.warning("the event stream cannot be read", error=str(error))
                is_down = True
                await asyncio.sleep(RETRY_S)

    async def _read_once(self) -> None:
        streams: dict[Any, Any] = {redis_keys.EVENTS: format_stream_id(self.position)}
        answer = await self.redis.xread(streams, count=READ_COUNT, block=BLOCK_MS)
        if not answer:
            # A new Redis whose clock is behind would number its entries below the position kept here.
            end = await self._end()
            if end < self.position and end != STREAM_START:
                self.position = STREAM_START
            return
        frames = []
        for raw_id, fields in stream_rows(answer):
            self.position = parse_stream_id(raw_id)
            frame = readable(self.position, fields)
            if frame is not None:
                frames.append(frame)
        self._told(frames)
        # XREAD answers at once under load, and then nobody else would get a turn.
        await asyncio.sleep(0)

    async def _end(self) -> StreamId:
        entries: Any = await self.redis.xrevrange(redis_keys.EVENTS, count=1)
        return parse_stream_id(entries[0][0]) if entries else STREAM_START


def stream_rows(answer: Any) -> Iterator[tuple[bytes | str, Mapping[Any, Any]]]:
    """Yield the entries of an XREAD answer for one stream, under RESP2 and RESP3 alike."""
    batches = answer.values() if isinstance(answer, dict) else [rows for _, rows in answer]
    for batch in batches:
        for row in batch:
            # RESP3 wraps the entries of each stream in one more list.
            if row and isinstance(row[0], list | tuple):
                yield from row
            else:
                yield row


def readable(stream_id: StreamId, fields: Mapping[Any, Any]) -> Frame | None:
    """Return the frame of an entry, or None for one that is not ours."""
    try:
        return Frame.from_entry(stream_id, fields)
    except (ValueError, KeyError, TypeError) as error:
        log.warning("skipped an unreadable event", stream_id=stream_id, error=repr(error))
    except Exception:
        log.exception("skipped an unreadable event", stream_id=stream_id)
    return None
