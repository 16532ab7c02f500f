"""Why the dispatcher looks again: a notification of PostgreSQL, a delay that has passed, or the poll.

The connection that listens also holds the lock by which one dispatcher of several is active.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, Self

import psycopg
import structlog

from operation_server.database.engine import KEEPALIVES
from operation_server.jobs.transitions.events import JOBS_CHANNEL, ROOM
from satellite.errors import SatelliteError

CONNECT_TIMEOUT_S = 5
CHECK_EVERY_S = 5.0
ANSWER_WITHIN_S = 10.0

log = structlog.get_logger(__name__)


class LeadershipLost(SatelliteError):
    """The session of PostgreSQL that made this process the leader has ended."""

    code = "leadership_lost"


class Leadership:
    """A PostgreSQL session that holds an advisory lock; leadership ends with the session."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self.connection = connection

    @classmethod
    async def take(cls, database_url: str, *, lock_id: int, retry_s: float = 0.5) -> Self:
        """Wait until this process is the leader; other leaders and an absent database only delay it."""
        while True:
            try:
                connection = await connect(database_url)
            except (psycopg.Error, OSError) as error:
                log.warning("database does not answer", error=str(error).strip())
                await asyncio.sleep(retry_s)
                continue
            with contextlib.suppress(psycopg.Error):
                while True:
                    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (lock_id,))
                    row = await cursor.fetchone()
                    if row is not None and row[0]:
                        return cls(connection)
                    await asyncio.sleep(retry_s)
            await connection.close()

    @property
    def holds(self) -> bool:
        """Tell whether the session is still open, as far as this process knows."""
        return not self.connection.closed and not self.connection.broken

    async def check(self) -> None:
        """Ask the server whether the session still lives.

        Raises:
            LeadershipLost: it does not.
        """
        with lost_with_session():
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self.connection.execute("SELECT 1")

    async def watch(self) -> None:
        """Check again and again.

        Raises:
            LeadershipLost: the session has ended.
        """
        while True:
            await self.check()
            await asyncio.sleep(CHECK_EVERY_S)

    async def close(self) -> None:
        """Give the leadership up."""
        with contextlib.suppress(psycopg.Error, TimeoutError):
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self.connection.close()


@contextlib.contextmanager
def lost_with_session() -> Iterator[None]:
    """Take errors of the leader's session for its end."""
    try:
        yield
    except (psycopg.Error, OSError) as error:
        raise LeadershipLost(str(error).strip() or None) from error


async def connect(database_url: str) -> psycopg.AsyncConnection[Any]:
    """Open a session outside the pool, which lives as long as this process leads."""
    return await psycopg.AsyncConnection.connect(
        database_url.replace("+psycopg", ""),
        autocommit=True,
        connect_timeout=CONNECT_TIMEOUT_S,
        application_name="satellite-leader",
        **KEEPALIVES,
    )


class Wakeups:
    """Collects reasons to look again; any number of them wakes the dispatcher once."""

    def __init__(self, leadership: Leadership) -> None:
        self._leadership = leadership
        self._woken = asyncio.Event()
        self._woken.set()
        self.wants_room = True
        """Whether a freed place is a reason: only while jobs wait for one."""

    async def listen(self) -> None:
        """Hear notifications until the leadership ends.

        A silent session is asked now and then: an end that nobody hears of would leave this process
        dispatching by the poll alone, and beside another leader.

        Raises:
            LeadershipLost: it has ended.
        """
        connection = self._leadership.connection
        with lost_with_session():
            await connection.execute(f"LISTEN {JOBS_CHANNEL}".encode())
            while True:
                async for notification in connection.notifies(timeout=CHECK_EVERY_S):
                    self._hear(notification.payload)
                await self._leadership.check()

    def wake(self) -> None:
        """Give a reason to look again now."""
        self._woken.set()

    async def wait(self, timeout_s: float) -> None:
        """Return at the next reason, at the latest after `timeout_s`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), timeout_s)
        self._woken.clear()

    def _hear(self, payload: str) -> None:
        reason, _, delay = payload.partition(":")
        if not delay:
            if reason != ROOM or self.wants_room:
                self.wake()
            return
        with contextlib.suppress(ValueError):
            asyncio.get_running_loop().call_later(float(delay), self.wake)
