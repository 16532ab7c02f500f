"""What changes secrets, each on a connection, so that more can join its transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from operation_server.accounts.access import Permission, require, require_plugins
from operation_server.accounts.account import Account
from operation_server.accounts.errors import AdminRequired
from operation_server.database.connections import AsyncConnection
from operation_server.plugins.errors import PluginNotFound
from operation_server.secrets import repository
from operation_server.secrets.envelope import Identity, close
from operation_server.secrets.errors import SecretNotFound, SecretQuotaReached
from operation_server.secrets.key_ring import KeyRing
from operation_server.trail.actions import Action
from operation_server.trail.recording import record

MOST_OF_AN_ACCOUNT: Final = 1_000


async def create(
    connection: AsyncConnection,
    caller: Account,
    ring: KeyRing,
    *,
    name: str,
    value: str,
    for_all: bool,
    plugins: Sequence[str],
) -> str:
    """Store a secret of the caller's, or of all, for jobs of some plugins, and return its id.

    Raises:
        AdminRequired: it would be of all, and the caller is not an admin.
        KeyTooNarrow: the caller's API key is not for one of the plugins.
        PluginNotFound: there is no such plugin.
        SecretQuotaReached: the caller has as many as they may.
        SecretsNotSetUp: there is nothing to encrypt it with.
        IntegrityError: there is one of this name.
    """
    if for_all:
        _require_for_all(caller)
    elif await repository.lock_account(connection, caller.id) >= MOST_OF_AN_ACCOUNT:
        raise SecretQuotaReached
    identity = Identity(uuid.uuid4().hex, None if for_all else caller.id, name, version=1)
    await repository.add(connection, identity, close(ring, identity, value))
    await record(connection, caller, Action.CREATE_SECRET, identity.id, name=name, for_all=for_all)
    for plugin in sorted(set(plugins)):
        await grant(connection, caller, identity.id, plugin)
    return identity.id


async def replace(
    connection: AsyncConnection, caller: Account, ring: KeyRing, secret_id: str, value: str
) -> None:
    """Put another value in place of a secret's.

    Raises:
        SecretNotFound: there is none that the caller may change.
        SecretsNotSetUp: there is nothing to encrypt it with.
    """
    before = await _require_own(connection, caller, secret_id)
    identity = before._replace(version=before.version + 1)
    await repository.replace(connection, identity, close(ring, identity, value))
    await record(
        connection, caller, Action.REPLACE_SECRET, secret_id, name=identity.name, version=identity.version
    )


async def delete(connection: AsyncConnection, caller: Account, secret_id: str) -> None:
    """Delete a secret: jobs that begin from now on are not given it.

    Raises:
        SecretNotFound: there is none that the caller may delete.
    """
    identity = await _require_own(connection, caller, secret_id)
    await repository.remove(connection, secret_id)
    await record(connection, caller, Action.DELETE_SECRET, secret_id, name=identity.name)


async def grant(connection: AsyncConnection, caller: Account, secret_id: str, plugin: str) -> None:
    """Let jobs of a plugin have a secret; safe to repeat.

    Raises:
        SecretNotFound: there is none that the caller may grant.
        PluginNotFound: there is no such plugin: whoever registers the name later must not find it granted.
        KeyTooNarrow: the caller's API key is not for the plugin.
    """
    identity = await _require_own(connection, caller, secret_id)
    require_plugins(caller, [plugin])
    if not await repository.grant(connection, secret_id, plugin):
        raise PluginNotFound(f"There is no plugin {plugin}.")
    await record(connection, caller, Action.GRANT_SECRET, secret_id, name=identity.name, plugin=plugin)


async def revoke(connection: AsyncConnection, caller: Account, secret_id: str, plugin: str) -> None:
    """Let jobs of a plugin that begin from now on have a secret no more; safe to repeat.

    Raises:
        SecretNotFound: there is none that the caller may take back.
        KeyTooNarrow: the caller's API key is not for the plugin.
    """
    identity = await _require_own(connection, caller, secret_id)
    require_plugins(caller, [plugin])
    if await repository.revoke(connection, secret_id, plugin):
        await record(connection, caller, Action.REVOKE_SECRET, secret_id, name=identity.name, plugin=plugin)


async def _require_own(connection: AsyncConnection, caller: Account, secret_id: str) -> Identity:
    reach = require(caller, Permission.MANAGE_SECRETS)
    identity = await repository.lock_identity(connection, secret_id)
    if identity is None or identity.name.startswith(repository.OF_CLUSTERS):
        raise SecretNotFound
    if identity.owner_id is None:
        # That it is there everybody sees.
        _require_for_all(caller)
    elif identity.owner_id not in reach:
        raise SecretNotFound
    return identity


def _require_for_all(caller: Account) -> None:
    if require(caller, Permission.MANAGE_SECRETS).owner_id is not None:
        raise AdminRequired("Only an admin changes secrets that are for all.")
