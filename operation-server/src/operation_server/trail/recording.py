"""Writes the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from operation_server.database.connections import AsyncConnection, Connection
from operation_server.database.storable_text import storable_text
from operation_server.trail import repository
from operation_server.trail.actions import Action, Actor
from operation_server.trail.origin import current_origin

LONGEST_NAME = 200


async def record(
    connection: AsyncConnection, actor: Actor | None, action: Action, *object_ids: int | str, **detail: Any
) -> None:
    """Tell that somebody did something to objects, in the transaction in which it is done.

    It makes an entry for each object, so that each is found by its id. Without an actor it was the platform
    itself. `detail` is JSON and holds no secret.
    """
    if object_ids:
        actor_id, name = (None, None) if actor is None else (actor.id, actor.email)
        entry = _entry(action, object_ids, detail, actor_id=actor_id, actor=name)
        await repository.add(connection, **entry)


async def record_refusal(
    connection: AsyncConnection,
    action: Action,
    *,
    actor_id: int | None,
    actor: str | None,
    object_id: str | None = None,
    **detail: Any,
) -> None:
    """Tell that something was refused; `actor` is a name that may be anybody's when it has no id."""
    entry = _entry(action, [object_id], detail, actor_id=actor_id, actor=actor, is_refused=True)
    await repository.add(connection, **entry)


def record_in_transition(
    connection: Connection, actor: Actor, action: Action, object_id: str, **detail: Any
) -> None:
    """Tell what a transition did to an object, in its transaction; the actor is whose job led to it."""
    entry = _entry(action, [object_id], detail, actor_id=actor.id, actor=actor.email)
    repository.add_in_transition(connection, **entry)


def _entry(
    action: Action,
    object_ids: Sequence[int | str | None],
    detail: dict[str, Any],
    *,
    actor_id: int | None,
    actor: str | None,
    is_refused: bool = False,
) -> dict[str, Any]:
    origin = current_origin()
    return {
        "object_ids": [None if one is None else storable_text(str(one))[:LONGEST_NAME] for one in object_ids],
        "actor_id": actor_id,
        "actor": None if actor is None else storable_text(actor)[:LONGEST_NAME],
        "action": action.value,
        "object_type": action.object_type,
        "is_refused": is_refused,
        "address": origin.address,
        "request_id": origin.request_id,
        "detail": detail,
    }
