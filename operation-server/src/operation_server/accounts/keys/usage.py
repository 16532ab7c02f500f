"""Remembers when API keys were used, and writes it down once a minute."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

import structlog

from operation_server.accounts.keys import repository
from operation_server.database.connections import Connections
from operation_server.faults import is_outage
from operation_server.process_end import beside_requests

WRITE_EVERY_S: Final = 60.0

log = structlog.get_logger(__name__)


class KeyUsage:
    """The last use of each key since the last minute: a request costs no statement for it."""

    def __init__(self, connections: Connections) -> None:
        """Begin with none."""
        self._connections = connections
        self._used: dict[int, datetime] = {}

    def note(self, key_id: int) -> None:
        """Remember that a key was used just now."""
        self._used[key_id] = datetime.now(UTC)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write once a minute until the block ends, and then once more."""
        try:
            async with beside_requests("key usage", self._write_on()):
                yield
        finally:
            await self.write()

    async def write(self) -> None:
        """Write down what was noted; while the database is away it is kept."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            async with self._connections.connect() as connection:
                await repository.note_use(connection, used)
        except Exception as error:
            if not is_outage(error):
                raise
            self._used = used | self._used
            log.warning("the use of API keys cannot be written down", error=str(error))

    async def _write_on(self) -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            await self.write()
