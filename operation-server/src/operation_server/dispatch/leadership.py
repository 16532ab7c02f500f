"""One process of several leads: it holds a lock of PostgreSQL, and its loops end with it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, NoReturn, Self, TypeAlias

import psycopg
import structlog

from operation_server.database.engine import KEEPALIVES
from operation_server.process_end import must_go_on
from satellite.errors import SatelliteError

CONNECT_TIMEOUT_S = 5
CHECK_EVERY_S = 5.0
ANSWER_WITHIN_S = 10.0

Loops: TypeAlias = Mapping[str, Coroutine[Any, Any, None]]

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


async def lead(
    database_url: str, *, lock_id: int, what: str, loops: Callable[[Leadership], Loops]
) -> NoReturn:
    """Run loops whenever this process is the leader; each ends with the leadership, or ends the process."""
    while True:
        leadership = await Leadership.take(database_url, lock_id=lock_id)
        log.info(what)
        try:
            async with asyncio.TaskGroup() as group:
                for name, loop in loops(leadership).items():
                    group.create_task(must_go_on(name, loop, foreseen=(LeadershipLost,)))
        except* LeadershipLost as lost:
            log.warning("leadership lost", error=str(lost.exceptions[0]))
        finally:
            await leadership.close()
