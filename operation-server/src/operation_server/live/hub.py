"""The hub of an API process: one reader of the stream, any number of clients, and who waits for a job."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractContextManager

from redis.asyncio import Redis

from operation_server.database.connections import Connections
from operation_server.database.errors import DATABASE_ERRORS
from operation_server.database.shared_calls import SharedCalls
from operation_server.incarnations.lost_events import LostEvents
from operation_server.live import repository
from operation_server.live.cursor import StreamId
from operation_server.live.fan_out import FanOut
from operation_server.live.frame import Frame
from operation_server.live.job_memory import JobMemory
from operation_server.live.stream_reader import StreamReader
from operation_server.live.subscription import Subscription
from operation_server.live.waiters import Waiters
from satellite.contracts.identity import JobKey


class Hub:
    """Tells clients, and who waits, of what the stream brings."""

    def __init__(self, *, redis_url: str, connections: Connections) -> None:
        self.connections = connections
        self.lost_events = LostEvents(connections)
        self.newest_event_id = 0
        """The newest durable event that was fanned out."""
        self._reader = StreamReader(redis_url, self._tell)
        self._fan_out = FanOut()
        self._memory = JobMemory()
        self._waiters = Waiters(
            was_told=self._memory.has_finished, is_finished=SharedCalls(self._which_finished)
        )

    @property
    def redis(self) -> Redis:
        """Return the client that reads the stream."""
        return self._reader.redis

    @property
    def position(self) -> StreamId:
        """Return the last entry that was fanned out."""
        return self._reader.position

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read from the end of the stream on until the block ends; Redis may be away."""
        await self._reader.seek_end()
        with contextlib.suppress(*DATABASE_ERRORS):
            async with self.connections.connect() as connection:
                self.newest_event_id = await repository.newest_published(connection)
        async with self._reader.reading():
            yield

    def subscribed(self, subscription: Subscription) -> AbstractContextManager[Subscription]:
        """Deliver to a subscription until the block ends."""
        return self._fan_out.subscribed(subscription)

    def latest_progress(self, job: JobKey) -> Frame | None:
        """Return the newest progress of a running job, if there was any."""
        return self._memory.latest_progress(job)

    async def wait_finished(self, job_id: int, timeout_s: float) -> bool:
        """Return whether the job ends within `timeout_s`; a lost stream costs time, not the answer."""
        return await self._waiters.wait(job_id, timeout_s)

    def subscriptions(self) -> Iterable[Subscription]:
        """Yield all who are delivered to."""
        return self._fan_out.subscriptions()

    def end_streams(self) -> None:
        """Let all clients go, and everybody who waits for a job: the process stops."""
        self._fan_out.end()
        self._waiters.end()

    def _tell(self, frames: Sequence[Frame]) -> None:
        self._fan_out.deliver(frames, seen=self._remember)

    def _remember(self, frame: Frame) -> None:
        self.newest_event_id = max(self.newest_event_id, frame.event_id)
        self._memory.remember(frame)
        if frame.ends_story:
            self._waiters.wake(frame.job.job_id)

    async def _which_finished(self, job_ids: Sequence[int]) -> list[bool]:
        async with self.connections.connect() as connection:
            finished = await repository.find_finished(connection, job_ids)
        return [job_id in finished for job_id in job_ids]
