"""The limits of a user: what an admin has set, else what the settings say for everybody."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from cachetools import TTLCache

from operation_server.database.connections import AsyncConnection, Connections
from operation_server.limits import repository
from operation_server.settings import LimitSettings

REMEMBERED_S: Final = 3.0
"""A change takes hold on every API process within this."""
MOST_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLimits:
    """How much a user may ask for."""

    requests_per_minute: int
    submissions_per_minute: int
    max_queued: int
    stored_bytes: int


class LimitsOfUsers:
    """Looks limits up, and remembers them for a moment."""

    def __init__(self, connections: Connections, settings: LimitSettings) -> None:
        self._connections = connections
        self._everybodys = UserLimits(
            requests_per_minute=settings.requests_per_minute,
            submissions_per_minute=settings.submissions_per_minute,
            max_queued=settings.max_queued,
            stored_bytes=settings.stored_bytes,
        )
        self._known: TTLCache[int, UserLimits] = TTLCache(MOST_REMEMBERED, ttl=REMEMBERED_S)

    async def of(self, user_id: int) -> UserLimits:
        """Return the limits that a user is under."""
        known = self._known.get(user_id)
        if known is None:
            async with self._connections.connect() as connection:
                known = self._known[user_id] = await self.read(connection, user_id)
        return known

    async def read(self, connection: AsyncConnection, user_id: int) -> UserLimits:
        """Return the limits that a user is under, as they are stored."""
        row = await repository.find(connection, user_id)
        if row is None:
            return self._everybodys
        return UserLimits(
            **{
                name: everybodys if (own := getattr(row, name)) is None else own
                for name, everybodys in asdict(self._everybodys).items()
            }
        )

    def forget(self, user_id: int) -> None:
        """Look a user's limits up again."""
        self._known.pop(user_id, None)
