"""One process of several leads: it holds a lock of PostgreSQL, and its loops end with it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, NoReturn, Self, TypeAlias

import psycopg
import structlog

from operation_server.database.engine import KEEPALIVES
from operation_server.faults import is_outage, reason_of
from operation_server.health.sign_of_life import SignOfLife
from operation_server.incarnations.errors import DatabaseUnfit
from operation_server.incarnations.guard import DatabaseGuard
from operation_server.metrics.recording import refuses_to_work
from operation_server.process_end import must_go_on
from satellite.errors import SatelliteError

CONNECT_TIMEOUT_S = 5
CHECK_EVERY_S = 5.0
ANSWER_WITHIN_S = 10.0
ASK_AGAIN_S = 2.0
"""How soon a process that may not work on the database looks at it again."""

Loops: TypeAlias = Mapping[str, Coroutine[Any, Any, None]]

log = structlog.get_logger(__name__)


class LeadershipLost(SatelliteError):
    """The session of PostgreSQL that made this process the leader has ended."""

    code = "leadership_lost"


class Leadership:
    """A PostgreSQL session that holds an advisory lock; leadership ends with the session."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], life: SignOfLife) -> None:
        self.connection = connection
        self._life = life

    @classmethod
    async def take(cls, database_url: str, *, lock_id: int, life: SignOfLife, retry_s: float = 0.5) -> Self:
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
                    life.note()
                    if row is not None and row[0]:
                        return cls(connection, life)
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
        self._life.note()

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


class Admission:
    """Lets a leader begin only on a database that it may work on, and says why not."""

    def __init__(self, guard: DatabaseGuard, life: SignOfLife) -> None:
        self._guard = guard
        self._life = life
        self._told: str | None = None

    async def is_granted(self) -> bool:
        """Tell whether the leader may begin now."""
        try:
            await self._guard.check()
        except DatabaseUnfit as unfit:
            self._refuse(str(unfit))
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("database does not answer", error=reason_of(error))
        else:
            self._told = None
            self._life.works()
            refuses_to_work(is_so=False)
            return True
        return False

    def _refuse(self, reason: str) -> None:
        self._life.refuse(reason)
        refuses_to_work(is_so=True)
        if reason != self._told:
            log.error(reason)
        self._told = reason


async def lead(
    database_url: str,
    *,
    lock_id: int,
    what: str,
    loops: Callable[[Leadership], Loops],
    life: SignOfLife,
    guard: DatabaseGuard,
) -> NoReturn:
    """Run loops whenever this process is the leader; each ends with the leadership, or ends the process.

    While the database is of another release, or was recovered from a backup and nobody has finished that, it
    leads nothing and keeps nobody from the lock.
    """
    admission = Admission(guard, life)
    while True:
        leadership = await Leadership.take(database_url, lock_id=lock_id, life=life)
        try:
            is_granted = await admission.is_granted()
            if is_granted:
                log.info(what)
                await _run(loops(leadership))
        finally:
            await leadership.close()
        if not is_granted:
            await asyncio.sleep(ASK_AGAIN_S)


async def _run(loops: Loops) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            for name, loop in loops.items():
                group.create_task(must_go_on(name, loop, foreseen=(LeadershipLost, DatabaseUnfit)))
    except* LeadershipLost as lost:
        log.warning("leadership lost", error=str(lost.exceptions[0]))
    except* DatabaseUnfit:
        # Why is told when it is looked at again.
        log.warning("leadership given up")
