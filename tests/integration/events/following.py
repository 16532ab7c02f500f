"""A process that follows the events of the database whose URL it is given, until it is killed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from sqlalchemy import text

from operation_server.database.connections import AsyncConnection
from operation_server.database.engine import create_engine
from operation_server.events.handler import DurableEvent
from operation_server.events.reader import EventReader
from satellite.settings.database import DatabaseSettings

SEEN = text("INSERT INTO seen (event_id) VALUES (:event_id)")


class Noting:
    """Notes each event that it is handed in a table that would take any number of notes of one."""

    name = "noting"

    def __init__(self, *, refused: Sequence[int] = ()) -> None:
        self._refused = refused
        self.subjects: list[tuple[str, int]] = []

    async def handle(self, connection: AsyncConnection, events: Sequence[DurableEvent]) -> None:
        await connection.execute(SEEN, [{"event_id": event.id} for event in events])
        for event in events:
            self.subjects.append((event.subject, event.job_id))
            if event.id in self._refused:
                raise ValueError(f"event {event.id} is not understood")


async def follow(database_url: str) -> None:
    engine = create_engine(DatabaseSettings(url=database_url), application_name="following")
    reader = EventReader(engine, Noting(), batch=7)
    while True:
        if not await reader.read():
            await asyncio.sleep(0.005)


if __name__ == "__main__":
    asyncio.run(follow(sys.argv[1]))
