"""Keeps an API process from serving on a database that was recovered and is not ready for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import structlog

from operation_server.faults import is_outage
from operation_server.incarnations.errors import DatabaseRestored, DatabaseUnfit
from operation_server.incarnations.guard import DatabaseGuard
from operation_server.metrics.recording import refuses_to_work
from operation_server.process_end import beside_requests

CHECK_EVERY_S: Final = 2.0

log = structlog.get_logger(__name__)


class DatabaseWatch:
    """Looks at the database every two seconds."""

    def __init__(self, guard: DatabaseGuard) -> None:
        """Refuse nothing yet."""
        self._guard = guard
        self._told: str | None = None
        self.refusal: DatabaseRestored | None = None
        """Why no request is served, if none is."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look once, then on and on until the block ends."""
        await self._look()
        async with beside_requests("database watch", self._watch()):
            yield

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            await self._look()

    async def _look(self) -> None:
        try:
            await self._guard.check()
        except DatabaseUnfit as unfit:
            # Of another release: `/ready` says so, and requests are served as far as that goes.
            self.refusal = unfit if isinstance(unfit, DatabaseRestored) else None
            self._tell(str(unfit))
        except Exception as error:
            # Whoever asks something of it will be told.
            if not is_outage(error):
                raise
        else:
            self.refusal = None
            self._tell(None)

    def _tell(self, reason: str | None) -> None:
        refuses_to_work(is_so=reason is not None)
        if reason is not None and reason != self._told:
            log.error(reason)
        self._told = reason
