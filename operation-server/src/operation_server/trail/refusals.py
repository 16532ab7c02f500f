"""Tells the audit trail of what accounts were refused."""

from __future__ import annotations

from typing import Final

import structlog
from cachetools import TTLCache

from operation_server.database.connections import Connections
from operation_server.database.errors import DATABASE_ERRORS
from operation_server.trail.actions import Action, Actor
from operation_server.trail.origin import current_origin
from operation_server.trail.recording import record_refusal

TOLD_AGAIN_AFTER_S: Final = 60.0
MOST_REMEMBERED: Final = 10_000

log = structlog.get_logger(__name__)


class Refusals:
    """Makes an entry of a refusal, but of the same one once a minute: a program may ask again and again."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._told: TTLCache[tuple[object, ...], bool] = TTLCache(MOST_REMEMBERED, ttl=TOLD_AGAIN_AFTER_S)

    async def note(self, actor: Actor | None, *, asked: str, code: str) -> None:
        """Tell of a refused request; `asked` is its method and path. Whatever happens, it stays refused."""
        key = (None if actor is None else actor.id, asked, code, current_origin().address)
        if key in self._told:
            return
        self._told[key] = True
        try:
            async with self._connections.connect() as connection:
                await record_refusal(
                    connection,
                    Action.REQUEST,
                    actor_id=None if actor is None else actor.id,
                    actor=None if actor is None else actor.email,
                    object_id=asked,
                    code=code,
                )
        except DATABASE_ERRORS as error:
            log.warning("a refusal is missing in the audit trail", asked=asked, code=code, error=str(error))
