"""What changes API keys, each on a connection, so that more can join its transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from operation_server.accounts.access import Permission, permissions_of, require, require_plugins
from operation_server.accounts.account import Account
from operation_server.accounts.errors import KeyNotFound, KeyTooNarrow, PermissionMissing
from operation_server.accounts.keys import repository
from operation_server.accounts.keys.key_text import write_key
from operation_server.accounts.random_secret import digest_of, new_secret
from operation_server.database.connections import AsyncConnection
from operation_server.database.rows import AnyRow
from operation_server.trail.actions import Action
from operation_server.trail.recording import record


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTerms:
    """What a key is for."""

    name: str
    permissions: Sequence[Permission] | None = None
    """None: all that its account may."""
    plugins: Sequence[str] | None = None
    """None: with all plugins."""
    requests_per_minute: int | None = None
    """None: as many as the account."""
    expires_at: datetime | None = None


class NewKey(NamedTuple):
    """A key as it is stored, and its text, which nobody sees again."""

    row: AnyRow
    text: str


async def create(connection: AsyncConnection, caller: Account, terms: KeyTerms) -> NewKey:
    """Make a key of the caller's own, for no more than the caller may.

    Raises:
        PermissionMissing, KeyTooNarrow: it would be for more.
    """
    require(caller, Permission.MANAGE_KEYS)
    _require_no_more(caller, terms)
    secret = new_secret()
    row = await repository.add(
        connection,
        user_id=caller.id,
        name=terms.name,
        digest=digest_of(secret),
        permissions=terms.permissions,
        plugins=terms.plugins,
        requests_per_minute=terms.requests_per_minute,
        expires_at=terms.expires_at,
    )
    await record(
        connection,
        caller,
        Action.MAKE_KEY,
        row.id,
        name=row.name,
        permissions=row.permissions,
        plugins=row.plugins,
        requests_per_minute=row.requests_per_minute,
        expires_at=None if row.expires_at is None else row.expires_at.isoformat(),
    )
    return NewKey(row, write_key(row.id, secret))


async def revoke(connection: AsyncConnection, caller: Account, key_id: int) -> None:
    """Revoke a key; safe to repeat.

    Raises:
        KeyNotFound: there is none, or it is somebody else's, which nobody is told.
    """
    reach = require(caller, Permission.MANAGE_KEYS)
    if not await repository.revoke(connection, key_id, owner_id=reach.owner_id):
        raise KeyNotFound(f"There is no API key {key_id}.")
    await record(connection, caller, Action.REVOKE_KEY, key_id)


def _require_no_more(caller: Account, terms: KeyTerms) -> None:
    missing = sorted(set(terms.permissions or ()) - permissions_of(caller))
    if missing:
        raise PermissionMissing(f"A key may do no more than who makes it, and that has not got {missing[0]}.")
    if caller.key is None:
        return
    if (caller.key.permissions is not None and terms.permissions is None) or (
        caller.key.plugins is not None and terms.plugins is None
    ):
        raise KeyTooNarrow(
            "A key made by a key that is limited needs `permissions` and `plugins` of its own."
        )
    most = caller.key.requests_per_minute
    if most is not None and (terms.requests_per_minute is None or terms.requests_per_minute > most):
        raise KeyTooNarrow(f"A key made by this key needs `requests_per_minute` of its own, at most {most}.")
    require_plugins(caller, terms.plugins or ())
