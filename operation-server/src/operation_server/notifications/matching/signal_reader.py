"""Makes deliveries of signals, each once: in the transaction that takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from operation_server.database.connections import AsyncConnection
from operation_server.database.engine import AsyncEngine
from operation_server.database.rows import AnyRow
from operation_server.faults import is_outage, reason_of
from operation_server.notifications.access import sees_everybodys
from operation_server.notifications.matching import repository
from operation_server.notifications.matching.new_delivery import new_delivery
from operation_server.signals import repository as signals
from satellite.contracts.notification import OF_PLATFORM, NotificationKind

AT_ONCE: Final = 100
POLL_S: Final = 1.0

log = structlog.get_logger(__name__)


class SignalReader:
    """Looks for signals again and again."""

    def __init__(self, engine: AsyncEngine, *, give_up_after_s: float, wake: Callable[[], None]) -> None:
        self._engine = engine
        self._give_up_after_s = give_up_after_s
        self._wake = wake

    async def run(self) -> None:
        """Read whenever there is something; an outage only delays it."""
        while True:
            try:
                while await self.read():
                    pass
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("no signals read", error=reason_of(error))
            await asyncio.sleep(POLL_S)

    async def read(self) -> int:
        """Take the next signals, and return how many they were; one that fails stops no other.

        Raises:
            Exception: there is an outage; nothing was taken.
        """
        async with self._engine.begin() as connection:
            taken = await signals.take(connection, limit=AT_ONCE)
            for signal in taken:
                try:
                    async with connection.begin_nested():
                        await self._tell(connection, signal)
                except Exception as error:
                    if is_outage(error):
                        raise
                    log.exception("nobody can be told of a signal", signal_id=signal.id)
        if taken:
            self._wake()
        return len(taken)

    async def _tell(self, connection: AsyncConnection, signal: AnyRow) -> None:
        kind = NotificationKind(signal.kind)
        deliveries = [
            new_delivery(
                kind,
                {"about": signal.about, **signal.data},
                at=signal.at,
                owner_id=row.owner_id,
                channel_id=row.channel_id,
            )
            for row in await repository.match_signal(connection, signal)
            if sees_everybodys(row.role) or (kind not in OF_PLATFORM and row.owner_id in signal.owner_ids)
        ]
        if deliveries:
            await repository.add_deliveries(connection, deliveries, give_up_after_s=self._give_up_after_s)
