"""The rules about secrets."""

from __future__ import annotations

from collections.abc import Sequence

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.errors import IntegrityError
from operation_server.secrets import changes, repository
from operation_server.secrets.errors import SecretExists, SecretNotFound
from operation_server.secrets.key_ring import KeyRing
from operation_server.secrets.schemas import SecretList, SecretRead


class SecretService:
    """Stores, lists, grants and deletes secrets; it tells no value."""

    def __init__(self, connections: Connections, ring: KeyRing) -> None:
        self._connections = connections
        self._ring = ring

    async def create(
        self, caller: Account, *, name: str, value: str, for_all: bool, plugins: Sequence[str]
    ) -> SecretRead:
        """Store a secret; see `changes.create`.

        Raises:
            SecretExists: there is one of this name.
        """
        try:
            async with self._connections.begin() as connection:
                secret_id = await changes.create(
                    connection, caller, self._ring, name=name, value=value, for_all=for_all, plugins=plugins
                )
                return await _read(connection, secret_id)
        except IntegrityError as error:
            raise SecretExists(f"There is a secret {name} already; replace its value instead.") from error

    async def replace(self, caller: Account, secret_id: str, value: str) -> SecretRead:
        """Put another value in place of a secret's; see `changes.replace`."""
        async with self._connections.begin() as connection:
            await changes.replace(connection, caller, self._ring, secret_id, value)
            return await _read(connection, secret_id)

    async def list_page(self, caller: Account, *, skip: int, limit: int) -> SecretList:
        """Return a page of the secrets that jobs of the caller may be given, for admins of all."""
        owner_id = require(caller, Permission.MANAGE_SECRETS).owner_id
        async with self._connections.connect() as connection:
            total, rows = await repository.list_page(connection, owner_id=owner_id, skip=skip, limit=limit)
        return SecretList(total=total, items=[SecretRead.model_validate(row) for row in rows])

    async def delete(self, caller: Account, secret_id: str) -> None:
        """Delete a secret; see `changes.delete`."""
        async with self._connections.begin() as connection:
            await changes.delete(connection, caller, secret_id)

    async def grant(self, caller: Account, secret_id: str, plugin: str) -> None:
        """Let jobs of a plugin have a secret; see `changes.grant`."""
        async with self._connections.begin() as connection:
            await changes.grant(connection, caller, secret_id, plugin)

    async def revoke(self, caller: Account, secret_id: str, plugin: str) -> None:
        """Let jobs of a plugin have a secret no more; see `changes.revoke`."""
        async with self._connections.begin() as connection:
            await changes.revoke(connection, caller, secret_id, plugin)


async def _read(connection: AsyncConnection, secret_id: str) -> SecretRead:
    row = await repository.find(connection, secret_id)
    if row is None:
        raise SecretNotFound
    return SecretRead.model_validate(row)
