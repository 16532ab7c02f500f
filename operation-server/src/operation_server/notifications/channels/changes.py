"""What changes channels, each on a connection, so that more can join its transaction."""

from __future__ import annotations

import uuid
from typing import Any, Final

from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection
from operation_server.database.rows import AnyRow
from operation_server.notifications.access import require_own
from operation_server.notifications.channels import repository
from operation_server.notifications.errors import ChannelNotFound, NotificationQuotaReached
from operation_server.secrets.envelope import Identity, close
from operation_server.secrets.key_ring import KeyRing
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from operation_server.webhooks import repository as webhooks
from operation_server.webhooks.signing import new_signing_secret
from satellite.contracts.notification import ChannelKind

MOST_OF_AN_ACCOUNT: Final = 50


async def create(
    connection: AsyncConnection,
    caller: Account,
    ring: KeyRing,
    *,
    name: str,
    kind: ChannelKind,
    address: str | None,
    hint: str,
) -> tuple[AnyRow, str | None]:
    """Add a channel, and return it with what signs its messages, if it is a webhook.

    Raises:
        NotificationQuotaReached: the caller has as many as they may.
        SecretsNotSetUp: there is nothing to encrypt its address with.
        IntegrityError: there is one of this name.
    """
    owner_id = require_own(caller)
    if await repository.lock_account(connection, owner_id) >= MOST_OF_AN_ACCOUNT:
        raise NotificationQuotaReached(f"An account may have {MOST_OF_AN_ACCOUNT} channels; delete some.")
    row = await repository.add(connection, owner_id=owner_id, name=name, kind=kind.value, hint=hint)
    if address is not None:
        await _store(connection, ring, owner_id, webhooks.ADDRESS, address, channel_id=row.id)
    signing = None
    if kind is ChannelKind.WEBHOOK:
        signing = new_signing_secret()
        await _store(connection, ring, owner_id, webhooks.SIGNING, signing, channel_id=row.id)
    await record(connection, caller, Action.CREATE_CHANNEL, row.id, name=name, kind=kind, hint=hint)
    return row, signing


async def change(
    connection: AsyncConnection,
    caller: Account,
    ring: KeyRing,
    channel: AnyRow,
    *,
    address: str | None,
    **values: Any,
) -> AnyRow:
    """Change a locked channel, and put another address in place of its own if one is given.

    Raises:
        SecretsNotSetUp: there is nothing to encrypt the address with.
        IntegrityError: there is another of its name.
    """
    if values.get("is_enabled"):
        values["fault"] = None
    elif values.get("is_enabled") is False:
        await repository.drop_waiting(connection, channel.id)
    row = await repository.change(connection, channel.id, **values)
    if address is not None:
        await webhooks.remove_address(connection, channel.id)
        await _store(connection, ring, caller.id, webhooks.ADDRESS, address, channel_id=channel.id)
    told = {name: value for name, value in values.items() if name != "fault"}
    await record(
        connection, caller, Action.CHANGE_CHANNEL, channel.id, has_new_address=address is not None, **told
    )
    return row


async def delete(connection: AsyncConnection, caller: Account, channel_id: int) -> None:
    """Delete a channel with all that was told by it.

    Raises:
        ChannelNotFound: the caller has none of this number.
    """
    channel = await lock(connection, caller, channel_id)
    await repository.remove(connection, channel_id)
    await record(connection, caller, Action.DELETE_CHANNEL, channel_id, name=channel.name)


async def rotate(
    connection: AsyncConnection, caller: Account, ring: KeyRing, channel_id: int | None, *, overlap_s: float
) -> str:
    """Return a new signing secret of a channel, or without one of the caller's jobs.

    That of before signs too for `overlap_s`.

    Raises:
        SecretsNotSetUp: there is nothing to encrypt it with.
    """
    owner_id = require_own(caller)
    if channel_id is None:
        await repository.lock_account(connection, owner_id)
    await webhooks.retire_signing(connection, owner_id, channel_id, overlap_s=overlap_s)
    signing = new_signing_secret()
    await _store(connection, ring, owner_id, webhooks.SIGNING, signing, channel_id=channel_id)
    of = "jobs" if channel_id is None else str(channel_id)
    await record(connection, caller, Action.ROTATE_SIGNING, of)
    return signing


async def lock(connection: AsyncConnection, caller: Account, channel_id: int) -> AnyRow:
    """Return a channel of the caller's, which nobody else changes meanwhile.

    Raises:
        ChannelNotFound: they have none of this number.
    """
    row = await repository.find(connection, require_own(caller), channel_id, is_locked=True)
    if row is None:
        raise ChannelNotFound(f"You have no channel {channel_id}.")
    return row


async def _store(
    connection: AsyncConnection,
    ring: KeyRing,
    owner_id: int,
    name: str,
    value: str,
    *,
    channel_id: int | None,
) -> None:
    identity = Identity(uuid.uuid4().hex, owner_id, name, version=1)
    await webhooks.add_secret(connection, identity, close(ring, identity, value), channel_id=channel_id)
