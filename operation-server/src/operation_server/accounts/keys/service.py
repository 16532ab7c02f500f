"""The rules about API keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.accounts.keys import changes, repository
from operation_server.accounts.keys.changes import KeyTerms, NewKey
from operation_server.database.connections import Connections
from operation_server.database.rows import AnyRow


class KeyService:
    """Makes, lists and revokes API keys."""

    def __init__(self, connections: Connections, *, changed: Callable[[], None]) -> None:
        """Call `changed` when a key was revoked, so that it is not believed any more."""
        self._connections = connections
        self._changed = changed

    async def create(self, caller: Account, terms: KeyTerms) -> NewKey:
        """Make a key of the caller's own.

        Raises:
            PermissionMissing, KeyTooNarrow: it would be for more than the caller may.
        """
        async with self._connections.begin() as connection:
            return await changes.create(connection, caller, terms)

    async def list_page(
        self, caller: Account, *, account_id: int | None, skip: int, limit: int
    ) -> tuple[int, Sequence[AnyRow]]:
        """Return the number of keys that the caller sees and a page of them, newest first.

        Admins see everybody's. With an account only its are returned, and those of others are none.
        """
        reach = require(caller, Permission.MANAGE_KEYS)
        owners = {owner for owner in (reach.owner_id, account_id) if owner is not None}
        if len(owners) > 1:
            return 0, []
        async with self._connections.connect() as connection:
            return await repository.list_page(connection, next(iter(owners), None), skip=skip, limit=limit)

    async def revoke(self, caller: Account, key_id: int) -> None:
        """Revoke a key: within 5 s it opens nothing and its streams have ended, on every API process.

        Raises:
            KeyNotFound: the caller has no such key.
        """
        async with self._connections.begin() as connection:
            await changes.revoke(connection, caller, key_id)
        self._changed()
