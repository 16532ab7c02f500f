"""Which events were told before a recovery, and are no longer so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from operation_server.database.connections import Connections
from operation_server.incarnations import repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """A recovery of the database, and what it took back."""

    began_at: datetime
    last_event_id: int
    """The newest event that is still so."""
    first_event_id: int

    def took_back(self, event_id: int) -> bool:
        """Tell whether an event of this id was told before it, and is no longer so."""
        return self.last_event_id < event_id <= self.first_event_id


class LostEvents:
    """Knows all recoveries; a process does not outlive one, so they are read once."""

    def __init__(self, connections: Connections) -> None:
        """Know none yet."""
        self._connections = connections
        self._recoveries: Sequence[Recovery] | None = None

    async def recovery_of(self, event_id: int) -> Recovery | None:
        """Return the recovery that took an event back, or None.

        Raises:
            Exception: the database does not answer.
        """
        if self._recoveries is None:
            self._recoveries = await self._read()
        return next((each for each in self._recoveries if each.took_back(event_id)), None)

    async def _read(self) -> Sequence[Recovery]:
        async with self._connections.connect() as connection:
            rows = await repository.list_lost_events(connection)
        return [
            Recovery(
                began_at=row.began_at, last_event_id=row.last_event_id, first_event_id=row.first_event_id
            )
            for row in rows
        ]
