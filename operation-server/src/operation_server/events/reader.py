"""Reads durable events on and on for one handler."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

import structlog

from operation_server.database.connections import AsyncConnection
from operation_server.database.engine import AsyncEngine
from operation_server.database.rows import AnyRow
from operation_server.database.storable_text import storable_text
from operation_server.events import repository
from operation_server.events.handler import DurableEvent, EventHandler
from operation_server.events.horizon import Horizon
from operation_server.faults import is_outage, reason_of

BATCH = 500
POLL_S = 0.5
AFTER_FAILURE_S = 1.0

log = structlog.get_logger(__name__)


class MarkMoved(Exception):
    """Another reader of the same name was faster; what this one did is undone."""


class EventReader:
    """A second reader of the outbox: its mark is a row, moved in the transaction of its handler's effects."""

    def __init__(
        self,
        engine: AsyncEngine,
        handler: EventHandler,
        *,
        batch: int = BATCH,
        data_of: Collection[str] | None = None,
    ) -> None:
        """Begin at the handler's mark, or with the first event.

        Of events of other types than `data_of` the data is not read: results may be large.
        """
        self._engine = engine
        self._handler = handler
        self._batch = batch
        self._data_of = data_of
        self._horizon = Horizon()
        self._has_begun = False

    async def run(self) -> None:
        """Read whenever there is something; an outage only delays it."""
        while True:
            try:
                while await self.read():
                    pass
                await asyncio.sleep(POLL_S)
            except Exception as error:
                if not is_outage(error) and not isinstance(error, MarkMoved):
                    raise
                log.warning("no events read", reader=self._handler.name, error=reason_of(error))
                await asyncio.sleep(AFTER_FAILURE_S)

    async def read(self) -> int:
        """Hand on the next events whose order is complete, and return how many they were.

        Raises:
            MarkMoved: another reader of this name has taken them.
            Exception: there is an outage; nothing was taken.
        """
        name = self._handler.name
        if not self._has_begun:
            # In a transaction of its own: the one that looks must not have a number before it looks.
            async with self._engine.begin() as connection:
                await repository.begin(connection, name)
            self._has_begun = True
        async with self._engine.begin() as connection:
            position = await repository.find_position(connection, name)
            rows = await repository.list_after(connection, position, limit=self._batch, data_of=self._data_of)
            if not rows:
                return 0
            complete = self._horizon.look(
                position,
                [row.id for row in rows],
                oldest_running=rows[0].oldest_running,
                next_transaction=rows[0].next_transaction,
            )
            events = [_event(row) for row in rows if row.id <= complete]
            if complete == position:
                return 0
            if events:
                await self._hand_on(connection, events)
            if not await repository.move(connection, name, was=position, position=complete):
                raise MarkMoved(name)
        return len(events)

    async def _hand_on(self, connection: AsyncConnection, events: Sequence[DurableEvent]) -> None:
        """Let the handler take events; if it fails, each alone, and the one that fails alone is set aside."""
        try:
            async with connection.begin_nested():
                await self._handler.handle(connection, events)
        except Exception as error:
            if is_outage(error):
                raise
            if len(events) > 1:
                for event in events:
                    await self._hand_on(connection, [event])
                return
            for event in events:
                log.exception("an event is set aside", reader=self._handler.name, event_id=event.id)
                reason = storable_text(reason_of(error))
                await repository.set_aside(connection, self._handler.name, event.id, reason)


def _event(row: AnyRow) -> DurableEvent:
    return DurableEvent(
        id=row.id,
        subject=row.subject,
        job_id=row.job_id,
        owner_id=row.owner_id,
        type=row.type,
        data=row.data,
        at=row.at,
    )
