"""A message that tries a channel."""

from __future__ import annotations

from datetime import UTC, datetime

from operation_server.database.connections import AsyncConnection
from operation_server.database.rows import AnyRow
from operation_server.notifications.deliveries import repository
from operation_server.notifications.errors import DeliveryNotFound
from operation_server.notifications.matching.new_delivery import new_delivery
from operation_server.notifications.matching.repository import add_deliveries
from satellite.contracts.notification import NotificationKind


async def add_test(connection: AsyncConnection, channel: AnyRow, *, give_up_after_s: float) -> AnyRow:
    """Store a test of a channel, and return its delivery."""
    delivery = new_delivery(
        NotificationKind.TEST,
        {"channel": channel.name, "reason": "Somebody tests this channel of Satellite."},
        at=datetime.now(UTC),
        owner_id=channel.owner_id,
        channel_id=channel.id,
    )
    (delivery_id,) = await add_deliveries(connection, [delivery], give_up_after_s=give_up_after_s)
    row = await repository.find(connection, channel.owner_id, delivery_id)
    if row is None:
        raise DeliveryNotFound
    return row
