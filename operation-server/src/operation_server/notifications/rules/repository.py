"""All SQL about rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import NotificationChannel, NotificationRule, NotificationRuleChannel, User

SHOWN: Final = """
    r.id, r.owner_id, r.name, r.kinds, r.plugin_name, r.workflow_id, r.min_priority, r.of_everybody,
    r.is_enabled, r.created_at,
    ARRAY(SELECT channel_id FROM notification_rule_channels WHERE rule_id = r.id ORDER BY channel_id)
    AS channel_ids
"""
FIND: Final = text(f"""
    SELECT {SHOWN} FROM notification_rules AS r WHERE r.id = :id AND r.owner_id = :owner_id
""")  # noqa: S608 - only a constant of this module goes in.
PAGE: Final = text(f"""
    SELECT {SHOWN} FROM notification_rules AS r WHERE r.owner_id = :owner_id
    ORDER BY r.id OFFSET :skip LIMIT :limit
""")  # noqa: S608 - only a constant of this module goes in.


async def lock_account(connection: AsyncConnection, owner_id: int) -> int:
    """Return how many rules an account has, and keep it so until the transaction ends."""
    await connection.execute(select(User.id).where(User.id == owner_id).with_for_update(key_share=True))
    owned = select(func.count()).where(NotificationRule.owner_id == owner_id)
    return await connection.scalar(owned) or 0


async def hold_channels(connection: AsyncConnection, owner_id: int, channel_ids: Sequence[int]) -> set[int]:
    """Return those of some channels that are an account's, and keep them until the transaction ends."""
    query = select(NotificationChannel.id).where(
        NotificationChannel.owner_id == owner_id, NotificationChannel.id.in_(channel_ids)
    )
    return set(await connection.scalars(query.with_for_update(read=True)))


async def add(connection: AsyncConnection, **values: Any) -> int:
    """Add a rule, and return its number."""
    statement = insert(NotificationRule).values(**values).returning(NotificationRule.id)
    return int((await connection.execute(statement)).scalar_one())


async def replace(connection: AsyncConnection, rule_id: int, **values: Any) -> None:
    """Put something else in place of a rule's content; what was before it is not told by it."""
    statement = update(NotificationRule).where(NotificationRule.id == rule_id)
    await connection.execute(statement.values(**values, created_at=func.now()))
    await connection.execute(
        delete(NotificationRuleChannel).where(NotificationRuleChannel.rule_id == rule_id)
    )


async def add_channels(connection: AsyncConnection, rule_id: int, channel_ids: Sequence[int]) -> None:
    """Let a rule tell by channels."""
    rows = [{"rule_id": rule_id, "channel_id": channel_id} for channel_id in channel_ids]
    await connection.execute(insert(NotificationRuleChannel), rows)


async def find(connection: AsyncConnection, owner_id: int, rule_id: int) -> AnyRow | None:
    """Return a rule of an account, or None."""
    return (await connection.execute(FIND, {"id": rule_id, "owner_id": owner_id})).one_or_none()


async def remove(connection: AsyncConnection, rule_id: int) -> None:
    """Remove a rule."""
    await connection.execute(delete(NotificationRule).where(NotificationRule.id == rule_id))


async def list_page(
    connection: AsyncConnection, owner_id: int, *, skip: int, limit: int
) -> tuple[int, Sequence[AnyRow]]:
    """Return how many rules an account has, and a page of them."""
    total = await connection.scalar(select(func.count()).where(NotificationRule.owner_id == owner_id)) or 0
    page = {"owner_id": owner_id, "skip": skip, "limit": limit}
    return total, (await connection.execute(PAGE, page)).all()
