"""What changes rules, each on a connection, so that more can join its transaction."""

from __future__ import annotations

from typing import Any, Final

from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection
from operation_server.database.rows import AnyRow
from operation_server.notifications.access import require_everybodys, require_own
from operation_server.notifications.errors import ChannelsMissing, NotificationQuotaReached, RuleNotFound
from operation_server.notifications.rules import repository
from operation_server.notifications.rules.schemas import RulePut
from operation_server.problems import Violation
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from satellite.contracts.notification import OF_PLATFORM

MOST_OF_AN_ACCOUNT: Final = 100


async def create(connection: AsyncConnection, caller: Account, request: RulePut) -> AnyRow:
    """Add a rule, and return it.

    Raises:
        AdminRequired: it tells of what concerns everybody, and the caller is not an admin.
        ChannelsMissing: it names channels that the caller does not have.
        NotificationQuotaReached: the caller has as many as they may.
    """
    owner_id = require_own(caller)
    if await repository.lock_account(connection, owner_id) >= MOST_OF_AN_ACCOUNT:
        raise NotificationQuotaReached(f"An account may have {MOST_OF_AN_ACCOUNT} rules; delete some.")
    values = await _checked(connection, caller, request)
    rule_id = await repository.add(connection, owner_id=owner_id, **values)
    await repository.add_channels(connection, rule_id, request.channel_ids)
    await record(connection, caller, Action.CREATE_RULE, rule_id, **_told(request))
    return await find(connection, caller, rule_id)


async def replace(connection: AsyncConnection, caller: Account, rule_id: int, request: RulePut) -> AnyRow:
    """Put something else in place of a rule's content, and return it; safe to repeat.

    Raises:
        RuleNotFound: the caller has none of this number.
        AdminRequired, ChannelsMissing: see `create`.
    """
    await find(connection, caller, rule_id)
    await repository.replace(connection, rule_id, **await _checked(connection, caller, request))
    await repository.add_channels(connection, rule_id, request.channel_ids)
    await record(connection, caller, Action.CHANGE_RULE, rule_id, **_told(request))
    return await find(connection, caller, rule_id)


async def delete(connection: AsyncConnection, caller: Account, rule_id: int) -> None:
    """Delete a rule.

    Raises:
        RuleNotFound: the caller has none of this number.
    """
    rule = await find(connection, caller, rule_id)
    await repository.remove(connection, rule_id)
    await record(connection, caller, Action.DELETE_RULE, rule_id, name=rule.name)


async def find(connection: AsyncConnection, caller: Account, rule_id: int) -> AnyRow:
    """Return a rule of the caller's.

    Raises:
        RuleNotFound: they have none of this number.
    """
    row = await repository.find(connection, require_own(caller), rule_id)
    if row is None:
        raise RuleNotFound(f"You have no rule {rule_id}.")
    return row


async def _checked(connection: AsyncConnection, caller: Account, request: RulePut) -> dict[str, Any]:
    if request.of_everybody or OF_PLATFORM & set(request.kinds):
        require_everybodys(caller)
    known = await repository.hold_channels(connection, caller.id, request.channel_ids)
    missing = [
        Violation(f"/channel_ids/{place}", f"You have no channel {channel_id}.")
        for place, channel_id in enumerate(request.channel_ids)
        if channel_id not in known
    ]
    if missing:
        raise ChannelsMissing(missing)
    values = request.model_dump(exclude={"channel_ids"})
    return values | {"kinds": [kind.value for kind in request.kinds]}


def _told(request: RulePut) -> dict[str, Any]:
    return request.model_dump(mode="json", exclude_defaults=True)
