"""The hub of an API process: one reader of the stream, any number of clients."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from operation_server.database.connections import Connections
from operation_server.database.shared_calls import SharedCalls
from operation_server.live.cursor import STREAM_START, StreamId, format_stream_id, parse_stream_id
from operation_server.live.frame import Frame
from operation_server.live.subscription import QUEUE_LENGTH, Subscription
from operation_server.metrics.recording import live_client_came, live_client_left
from operation_server.process_end import end_after_requests, must_go_on
from satellite.contracts import redis_keys
from satellite.contracts.event import EventType

BLOCK_MS = 3_000
SOCKET_TIMEOUT_S = 10
READ_COUNT = 500
REMEMBERED_JOBS = 10_000
FRAMES_AT_ONCE = QUEUE_LENGTH // 4
FALLBACK_POLL_S = 1.0
RETRY_S = 0.5

NEWEST_PUBLISHED = text("SELECT coalesce(max(id), 0) FROM job_events WHERE published_at IS NOT NULL")
FINISHED = text("""
    SELECT id FROM jobs
    WHERE id = ANY(CAST(:ids AS bigint[])) AND status IN ('completed', 'failed', 'cancelled')
""")

log = structlog.get_logger(__name__)


class Hub:
    """Fans the stream out to subscriptions; nothing in the fan-out waits for a client."""

    def __init__(self, *, redis_url: str, connections: Connections) -> None:
        # A client of its own, because others time out before a blocking read ends.
        self.redis = Redis.from_url(redis_url, socket_connect_timeout=2, socket_timeout=SOCKET_TIMEOUT_S)
        self.connections = connections
        self.position: StreamId = STREAM_START
        """The last entry that was fanned out."""
        self.newest_event_id = 0
        """The newest durable event that was fanned out."""
        self._by_job: defaultdict[int, set[Subscription]] = defaultdict(set)
        self._by_owner: defaultdict[int, set[Subscription]] = defaultdict(set)
        self._of_everything: set[Subscription] = set()
        self._waiters: defaultdict[int, set[asyncio.Future[None]]] = defaultdict(set)
        self._progress: OrderedDict[int, Frame] = OrderedDict()
        self._finished: OrderedDict[int, None] = OrderedDict()
        self._is_ending = False
        self._is_finished = SharedCalls(self._which_finished)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read from the end of the stream on until the block ends; Redis may be away."""
        with contextlib.suppress(RedisError, OSError):
            self.position = await self._stream_end()
        with contextlib.suppress(SQLAlchemyError, OSError):
            async with self.connections.connect() as connection:
                self.newest_event_id = (await connection.execute(NEWEST_PUBLISHED)).scalar_one()
        reader = asyncio.create_task(must_go_on("event stream", self._read(), end=end_after_requests))
        try:
            yield
        finally:
            # A cancellation can be lost between two timeouts of the client, so once may not be enough.
            while not reader.done():
                reader.cancel()
                await asyncio.wait([reader], timeout=1)
            await self.redis.aclose()

    @contextlib.contextmanager
    def subscribed(self, subscription: Subscription) -> Iterator[Subscription]:
        """Deliver to a subscription until the block ends."""
        group = self._group(subscription)
        group.add(subscription)
        live_client_came()
        if self._is_ending:
            subscription.end()
        try:
            yield subscription
        finally:
            group.discard(subscription)
            live_client_left()
            self._forget_empty_groups(subscription)

    def end_streams(self) -> None:
        """Let all clients go, and everybody who waits for a job: the process stops."""
        self._is_ending = True
        for subscription in self.subscriptions():
            subscription.end()
        for job_id in list(self._waiters):
            self._wake_waiters(job_id)

    def latest_progress(self, job_id: int) -> Frame | None:
        """Return the newest progress of a running job, if there was any."""
        return self._progress.get(job_id)

    async def wait_finished(self, job_id: int, timeout_s: float) -> bool:
        """Return whether the job ends within `timeout_s`; a lost stream costs time, not the answer."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + timeout_s
        ended = loop.create_future()
        self._waiters[job_id].add(ended)
        try:
            while job_id not in self._finished and not self._is_ending:
                left_s = deadline_s - loop.time()
                if left_s <= 0:
                    return False
                # Waits without a task of its own, unlike `asyncio.wait_for`.
                await asyncio.wait([ended], timeout=min(left_s, FALLBACK_POLL_S))
                if ended.done() or await self._is_finished(job_id):
                    break
        finally:
            self._waiters[job_id].discard(ended)
            if not self._waiters[job_id]:
                del self._waiters[job_id]
        return True

    def _wake_waiters(self, job_id: int) -> None:
        for ended in self._waiters.get(job_id, ()):
            if not ended.done():
                ended.set_result(None)

    def fan_out(self, frames: Sequence[Frame]) -> None:
        """Hand frames to everybody who may see them: few enough at a time for the queue of each client."""
        for start in range(0, len(frames), FRAMES_AT_ONCE):
            reached: set[Subscription] = set()
            for frame in frames[start : start + FRAMES_AT_ONCE]:
                self.newest_event_id = max(self.newest_event_id, frame.event_id)
                self._remember(frame)
                for subscription in self._audience(frame):
                    subscription.offer(frame)
                    reached.add(subscription)
            for subscription in reached:
                _deliver(subscription)

    def subscriptions(self) -> Iterable[Subscription]:
        """Yield all who are delivered to."""
        yield from chain.from_iterable(self._by_job.values())
        yield from chain.from_iterable(self._by_owner.values())
        yield from self._of_everything

    def _audience(self, frame: Frame) -> Iterable[Subscription]:
        yield from self._by_job.get(frame.job_id, ())
        yield from self._by_owner.get(frame.owner_id, ())
        yield from self._of_everything

    def _group(self, subscription: Subscription) -> set[Subscription]:
        if subscription.job_id is not None:
            return self._by_job[subscription.job_id]
        if subscription.owner_id is not None:
            return self._by_owner[subscription.owner_id]
        return self._of_everything

    def _forget_empty_groups(self, subscription: Subscription) -> None:
        for groups, key in ((self._by_job, subscription.job_id), (self._by_owner, subscription.owner_id)):
            if key is not None and key in groups and not groups[key]:
                del groups[key]

    def _remember(self, frame: Frame) -> None:
        if frame.type == EventType.PROGRESS:
            _put_last(self._progress, frame.job_id, frame)
        elif frame.type == EventType.STATUS:
            # Whatever happens next, it is no longer the progress of the attempt before.
            self._progress.pop(frame.job_id, None)
            self._finished.pop(frame.job_id, None)
        elif frame.ends_story:
            _put_last(self._finished, frame.job_id, None)
            self._wake_waiters(frame.job_id)

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
            end = await self._stream_end()
            if end < self.position and end != STREAM_START:
                self.position = STREAM_START
            return
        frames = []
        for raw_id, fields in stream_rows(answer):
            self.position = parse_stream_id(raw_id)
            frame = readable(self.position, fields)
            if frame is not None:
                frames.append(frame)
        self.fan_out(frames)
        # XREAD answers at once under load, and then nobody else would get a turn.
        await asyncio.sleep(0)

    async def _stream_end(self) -> StreamId:
        entries: Any = await self.redis.xrevrange(redis_keys.EVENTS, count=1)
        return parse_stream_id(entries[0][0]) if entries else STREAM_START

    async def _which_finished(self, job_ids: Sequence[int]) -> list[bool]:
        async with self.connections.connect() as connection:
            finished = set(await connection.scalars(FINISHED, {"ids": list(job_ids)}))
        return [job_id in finished for job_id in job_ids]


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


def _deliver(subscription: Subscription) -> None:
    """Deliver to one client, which is let go if that fails, so that it stops no other."""
    try:
        subscription.deliver()
    except Exception:
        log.exception("a client cannot be delivered to")
        subscription.end()


def _put_last(remembered: OrderedDict[int, Any], job_id: int, value: Any) -> None:
    remembered[job_id] = value
    remembered.move_to_end(job_id)
    if len(remembered) > REMEMBERED_JOBS:
        remembered.popitem(last=False)
