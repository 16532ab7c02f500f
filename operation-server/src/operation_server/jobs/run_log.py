"""The log of a run while it runs: what its steps have printed so far, then each line as it comes.

What is told is frames of the type `log`, as of a job, with the task of the line beside them; the last frame
is the result of the run.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from typing import Any, Final

import orjson

from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.database.rows import AnyRow
from operation_server.jobs import repository
from operation_server.jobs.merged_log import STEP_LOGS_MAX
from operation_server.live.cursor import Cursor, StreamId
from operation_server.live.frame import Frame
from operation_server.live.hub import Hub
from operation_server.live.replay import frames_between, newest_in_stream, stream_holds
from operation_server.live.subscription import Subscription
from satellite.contracts.event import EventType
from satellite.contracts.identity import JobKey

CLOCKS_DIFFER: Final = timedelta(seconds=60)
"""How much earlier than the run begins, by PostgreSQL's clock, its first line may be by that of Redis."""
LINES_AT_ONCE: Final = 500
"""Of one frame of what was stored."""


class RunLogSubscription(Subscription):
    """What a client that follows the log of a run may be shown of all that its owner is told."""

    __slots__ = ("run",)

    def __init__(self, run: JobKey, *, owner_id: int, caller: Account) -> None:
        super().__init__(owner_id=owner_id, caller=caller)
        self.run = run

    def offer(self, frame: Frame) -> None:
        """Add a frame that may belong to the log, without ever waiting."""
        if frame.type == EventType.LOG or self.is_end(frame):
            super().offer(frame)

    def is_end(self, frame: Frame) -> bool:
        """Tell whether the run has ended with a frame."""
        return frame.job == self.run and frame.ends_story


class RunLog:
    """Follows the log of one run for one client."""

    def __init__(self, connections: Connections, hub: Hub, run: AnyRow, caller: Account) -> None:
        self._connections = connections
        self._hub = hub
        self._run = run
        self._subscription = RunLogSubscription(JobKey(run.id, run.uid), owner_id=run.owner_id, caller=caller)
        self._steps: dict[int, tuple[str, int] | None] = {}
        self._stored: dict[int, int] = {}
        """The newest attempt of each job whose log was told out of the database."""

    async def follow(self, *, after: Cursor | None) -> AsyncGenerator[str]:
        """Yield the text of every frame: all from the beginning of the run, or those after a cursor.

        A cursor that the stream does not reach back to is none: the log begins anew.

        Raises:
            StreamEnded: the client is too slow, may not see it any more, or the process stops.
        """
        with self._hub.subscribed(self._subscription):
            present = self._hub.position
            start = after.stream_id if after and await stream_holds(self._hub, after.stream_id) else None
            has_ended = await self._look_around()
            if start is None:
                async for stored in self._told_before():
                    yield stored
            # All that the steps of a run have printed is in the stream before the run ends.
            newest = await newest_in_stream(self._hub)
            present = newest if has_ended and newest is not None else present
            if newest is not None:
                async for frame in frames_between(self._hub, start or self._beginning(), present):
                    if (line := await self._line_of(frame)) is not None:
                        yield line
            if has_ended:
                yield await self._end()
                return
            while not self._subscription.is_end(frame := await self._subscription.take_frame()):
                if (line := await self._line_of(frame)) is not None:
                    yield line
            yield frame.text(0)

    async def _look_around(self) -> bool:
        """Read which steps there are, and tell whether the run has ended."""
        async with self._connections.connect() as connection:
            rows = await repository.list_step_jobs(connection, self._run.id)
            self._steps = {row.job_id: (row.task, row.map_index) for row in rows}
            return await repository.has_ended(connection, self._run.id)

    async def _told_before(self) -> AsyncGenerator[str]:
        async with self._connections.connect() as connection:
            rows = await repository.list_step_logs(connection, self._run.id, limit=STEP_LOGS_MAX)
        for row in rows:
            self._stored[row.job_id] = row.attempt
            lines = (await asyncio.to_thread(zlib.decompress, row.text_zlib)).decode().splitlines()
            for place in range(0, len(lines), LINES_AT_ONCE):
                self._subscription.require_access()
                yield self._stored_frame(row, lines[place : place + LINES_AT_ONCE])

    def _stored_frame(self, row: AnyRow, lines: list[str]) -> str:
        frame = Frame.build(
            job=JobKey(row.job_id, row.uid),
            owner_id=self._run.owner_id,
            type_=EventType.LOG,
            data=orjson.dumps({"attempt": row.attempt, "lines": lines}).decode(),
            at=row.ended_at.isoformat(),
        )
        return _with_task(frame, row.task, row.map_index)

    def _beginning(self) -> StreamId:
        began = self._run.created_at - CLOCKS_DIFFER
        return int(began.timestamp() * 1000), 0

    async def _line_of(self, frame: Frame) -> str | None:
        if frame.type != EventType.LOG or frame.owner_id != self._run.owner_id:
            return None
        step = await self._step_of(frame.job)
        if step is None or _attempt_of(frame) <= self._stored.get(frame.job.job_id, 0):
            return None
        return _with_task(frame, *step)

    async def _step_of(self, job: JobKey) -> tuple[str, int] | None:
        """Return the step of a job; each job of the owner's is looked for once."""
        job_id = job.job_id
        # Numbers of steps come after that of their run.
        if job_id > self._run.id and job_id not in self._steps:
            async with self._connections.connect() as connection:
                row = await repository.find_step_of(connection, self._run.id, job_id)
            self._steps[job_id] = None if row is None else (row.task, row.map_index)
        return self._steps.get(job_id)

    async def _end(self) -> str:
        async with self._connections.connect() as connection:
            row = await repository.find_result_event(connection, self._run.id)
        frame = Frame.build(
            job=self._subscription.run,
            owner_id=self._run.owner_id,
            type_=EventType.RESULT,
            data=row.data,
            at=row.at.isoformat(),
            event_id=row.id,
            subject=row.subject,
        )
        return frame.text(0)


def _with_task(frame: Frame, task: str, map_index: int) -> str:
    """Return the text of a frame that also tells whose line it is."""
    where: Mapping[str, Any] = {"task": task, "map_index": None if map_index < 0 else map_index}
    return f"{frame.text(0)[:-1]},{orjson.dumps(where).decode()[1:]}"


def _attempt_of(frame: Frame) -> int:
    told = orjson.loads("{" + frame.tail)["data"]
    attempt = told.get("attempt")
    return attempt if isinstance(attempt, int) else 0
