"""All SQL about channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import NotificationChannel, NotificationDelivery, User

COLUMNS = NotificationChannel.__table__.columns


async def lock_account(connection: AsyncConnection, owner_id: int) -> int:
    """Return how many channels an account has, and keep it so until the transaction ends."""
    # Not for update, which new jobs of the account would wait for.
    await connection.execute(select(User.id).where(User.id == owner_id).with_for_update(key_share=True))
    owned = select(func.count()).where(NotificationChannel.owner_id == owner_id)
    return await connection.scalar(owned) or 0


async def add(connection: AsyncConnection, **values: Any) -> AnyRow:
    """Add a channel.

    Raises:
        IntegrityError: the account has one of its name.
    """
    return (await connection.execute(insert(NotificationChannel).values(**values).returning(*COLUMNS))).one()


async def find(
    connection: AsyncConnection, owner_id: int, channel_id: int, *, is_locked: bool = False
) -> AnyRow | None:
    """Return a channel of an account, None without it; if locked nobody else changes it meanwhile."""
    query = select(*COLUMNS).where(
        NotificationChannel.id == channel_id, NotificationChannel.owner_id == owner_id
    )
    return (await connection.execute(query.with_for_update() if is_locked else query)).one_or_none()


async def change(connection: AsyncConnection, channel_id: int, **values: Any) -> AnyRow:
    """Change a channel.

    Raises:
        IntegrityError: the account has another of its name.
    """
    statement = update(NotificationChannel).where(NotificationChannel.id == channel_id)
    changed = statement.values(**values, changed_at=func.now()).returning(*COLUMNS)
    return (await connection.execute(changed)).one()


async def drop_waiting(connection: AsyncConnection, channel_id: int) -> None:
    """Give up what waits to be sent by a channel."""
    await connection.execute(
        update(NotificationDelivery)
        .where(NotificationDelivery.channel_id == channel_id, NotificationDelivery.status == "pending")
        .values(status="failed", ended_at=func.now())
    )


async def remove(connection: AsyncConnection, channel_id: int) -> None:
    """Remove a channel with its secrets, its place in rules, and its deliveries."""
    await connection.execute(delete(NotificationChannel).where(NotificationChannel.id == channel_id))


async def list_page(
    connection: AsyncConnection, owner_id: int, *, skip: int, limit: int
) -> tuple[int, Sequence[AnyRow]]:
    """Return how many channels an account has, and a page of them by name."""
    own = NotificationChannel.owner_id == owner_id
    total = await connection.scalar(select(func.count()).where(own)) or 0
    query = select(*COLUMNS).where(own).order_by(NotificationChannel.name).offset(skip).limit(limit)
    return total, (await connection.execute(query)).all()
