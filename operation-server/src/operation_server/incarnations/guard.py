"""Keeps processes from working on a database that is not the one they know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from operation_server.database.connections import AsyncConnection
from operation_server.database.rows import AnyRow
from operation_server.database.schema_fit import SchemaFit
from operation_server.faults import is_outage, reason_of
from operation_server.incarnations import repository
from operation_server.incarnations.errors import DatabaseRestored, SchemaUnfit
from operation_server.process_end import end_now
from satellite.contracts import redis_keys

MARK_EVERY_S: Final = 5.0

log = structlog.get_logger(__name__)


class DatabaseMark(BaseModel):
    """How far a database had come when its leader last looked, kept outside of it."""

    model_config = ConfigDict(frozen=True)

    location: str
    incarnation: int
    position: int
    """Bytes of its log that were safe on the disk; fewer of them there are an older state of it."""


class DatabaseGuard:
    """Looks whether the database is what this release and this process can work on.

    Nothing that a process remembers of a database outlives a recovery: numbers are given again. So a process
    that has worked on one incarnation ends when it finds another, and starts anew.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractAsyncContextManager[AsyncConnection]],
        redis: Redis,
        *,
        end: Callable[[], None] = end_now,
    ) -> None:
        """Ask on connections that `connect` opens; `end` ends the process."""
        self._connect = connect
        self._redis = redis
        self._end = end
        self._schema = SchemaFit()
        self._incarnation: int | None = None

    async def check(self) -> None:
        """Look at the database.

        Raises:
            SchemaUnfit: it is of another release.
            DatabaseRestored: it was recovered from a backup, and nobody has finished that.
            Exception: there is an outage.
        """
        # Before the state: the leader goes on marking, and a mark of after it would be further than it.
        mark = await self._read_mark()
        state = await self._find_state()
        if state.recorded_location is None:
            await self._note_location()
        elif state.location != state.recorded_location or not state.is_finished:
            raise DatabaseRestored
        if is_older(state, mark):
            raise DatabaseRestored
        if self._incarnation is None:
            self._incarnation = state.number
        elif self._incarnation != state.number:
            log.critical("the database was recovered under this process, which ends to forget what it knew")
            self._end()

    async def keep_mark(self) -> None:
        """Note on and on how far the database has come, so that an older state of it is known as such.

        Raises:
            DatabaseRestored: it is one.
        """
        while True:
            try:
                await self.mark()
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("not noted how far the database has come", error=reason_of(error))
            await asyncio.sleep(MARK_EVERY_S)

    async def mark(self) -> None:
        """Note how far the database has come.

        Raises:
            DatabaseRestored: it had been further before.
            Exception: there is an outage.
        """
        before = await self._read_mark()
        state = await self._find_state()
        if is_older(state, before):
            raise DatabaseRestored
        mark = DatabaseMark(location=state.location, incarnation=state.number, position=state.position)
        await self._redis.set(redis_keys.DATABASE_MARK, mark.model_dump_json())

    async def _find_state(self) -> AnyRow:
        async with self._connect() as connection:
            fault = await self._schema.fault(connection)
            if fault is not None:
                raise SchemaUnfit(f"The database {fault}.")
            return await repository.find_state(connection)

    async def _note_location(self) -> None:
        async with self._connect() as connection:
            await repository.note_location(connection)
            await connection.commit()

    async def _read_mark(self) -> DatabaseMark | None:
        """Return the mark; None where there is none, and while Redis, which may lose it, does not answer."""
        try:
            text = await self._redis.get(redis_keys.DATABASE_MARK)
            return None if text is None else DatabaseMark.model_validate_json(text)
        except (RedisError, OSError, ValidationError):
            return None


def is_older(state: AnyRow, mark: DatabaseMark | None) -> bool:
    """Tell whether a database had come further before, by the mark of it."""
    if mark is None or mark.location != state.location:
        return False
    return bool(mark.incarnation > state.number or mark.position > state.position)
