"""Gives up what was not taken in time, forgets what is old, and tells the metrics how late things are."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from operation_server.database.engine import AsyncEngine
from operation_server.faults import is_outage, reason_of
from operation_server.metrics.recording import notifications_overdue
from operation_server.notifications.sending import repository
from operation_server.settings import NotificationSettings
from operation_server.signals import repository as signals

EVERY_S: Final = 5.0
AT_ONCE: Final = 1_000

log = structlog.get_logger(__name__)


class Upkeep:
    """Keeps the table of deliveries small and honest."""

    def __init__(self, engine: AsyncEngine, settings: NotificationSettings) -> None:
        self._engine = engine
        self._settings = settings

    async def run(self) -> None:
        """Look again and again; an outage only delays it."""
        while True:
            try:
                await self.look()
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("deliveries are not kept up", error=reason_of(error))
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Do all of it once.

        Raises:
            Exception: there is an outage.
        """
        async with self._engine.begin() as connection:
            given_up = await repository.give_up(connection, limit=AT_ONCE)
            await repository.forget_old(connection, kept_days=self._settings.kept_days, limit=AT_ONCE)
            await signals.forget_old(connection)
            overdue_s = await repository.oldest_due_s(connection)
        notifications_overdue(overdue_s)
        if given_up:
            log.warning("notifications were given up", count=given_up)
