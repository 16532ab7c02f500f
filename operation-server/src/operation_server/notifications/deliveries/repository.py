"""All SQL about deliveries that were or are to be made, as their owners see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import NotificationChannel, NotificationDelivery

COLUMNS = NotificationDelivery.__table__.columns

REDELIVER: Final = text("""
    UPDATE notification_deliveries AS d SET status = 'pending', attempts = 0, due_at = now(), ended_at = NULL,
        give_up_at = now() + :give_up_after_s * interval '1 second'
    WHERE d.id = :id AND d.owner_id = :owner_id AND d.status <> 'pending'
    RETURNING d.id
""")


async def find(connection: AsyncConnection, owner_id: int, delivery_id: int) -> AnyRow | None:
    """Return a delivery of an account, or None."""
    query = select(*COLUMNS).where(
        NotificationDelivery.id == delivery_id, NotificationDelivery.owner_id == owner_id
    )
    return (await connection.execute(query)).one_or_none()


async def list_page(
    connection: AsyncConnection,
    owner_id: int,
    *,
    status: str | None,
    kind: str | None,
    channel_id: int | None,
    subject_id: int | None,
    before_id: int | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Return a page of an account's deliveries, newest first."""
    wanted = {"status": status, "kind": kind, "channel_id": channel_id, "subject_id": subject_id}
    query = select(*COLUMNS).where(NotificationDelivery.owner_id == owner_id)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(COLUMNS[name] == value)
    if before_id is not None:
        query = query.where(NotificationDelivery.id < before_id)
    return (await connection.execute(query.order_by(NotificationDelivery.id.desc()).limit(limit))).all()


async def is_disabled(connection: AsyncConnection, channel_id: int) -> bool:
    """Tell whether nothing is sent by a channel."""
    query = select(NotificationChannel.is_enabled).where(NotificationChannel.id == channel_id)
    return not await connection.scalar(query.with_for_update(read=True))


async def redeliver(
    connection: AsyncConnection, owner_id: int, delivery_id: int, *, give_up_after_s: float
) -> bool:
    """Let an ended delivery be sent again; False if there is none that has ended."""
    parameters = {"id": delivery_id, "owner_id": owner_id, "give_up_after_s": give_up_after_s}
    return (await connection.execute(REDELIVER, parameters)).first() is not None
