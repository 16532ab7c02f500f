"""The rules about deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.rows import AnyRow
from operation_server.limits.rates import Rate, Rates
from operation_server.limits.requests import refuse_beyond
from operation_server.notifications.access import require_own
from operation_server.notifications.deliveries import repository
from operation_server.notifications.deliveries.schemas import DeliveryDetail, DeliveryList, DeliveryRead
from operation_server.notifications.errors import ChannelDisabled, DeliveryNotFound, DeliveryPending
from operation_server.settings import NotificationSettings
from operation_server.trail.actions import Action
from operation_server.trail.recording import record

REDELIVERIES_PER_MINUTE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries are wanted."""

    status: str | None = None
    kind: str | None = None
    channel_id: int | None = None
    subject_id: int | None = None
    before_id: int | None = None


class DeliveryService:
    """Shows deliveries, and has them made again."""

    def __init__(self, connections: Connections, rates: Rates, settings: NotificationSettings) -> None:
        self._connections = connections
        self._rates = rates
        self._settings = settings

    async def find(self, caller: Account, delivery_id: int) -> DeliveryDetail:
        """Return a delivery with its body.

        Raises:
            DeliveryNotFound: the caller has none of this number.
        """
        async with self._connections.connect() as connection:
            return DeliveryDetail.of(await _find(connection, require_own(caller), delivery_id))

    async def list_page(self, caller: Account, wanted: DeliveryFilter, *, limit: int) -> DeliveryList:
        """Return a page of the caller's deliveries, newest first."""
        owner_id = require_own(caller)
        async with self._connections.connect() as connection:
            rows = await repository.list_page(
                connection,
                owner_id,
                status=wanted.status,
                kind=wanted.kind,
                channel_id=wanted.channel_id,
                subject_id=wanted.subject_id,
                before_id=wanted.before_id,
                limit=limit,
            )
        cursor = str(rows[-1].id) if len(rows) == limit else None
        return DeliveryList(items=[DeliveryRead.of(row) for row in rows], next_cursor=cursor)

    async def redeliver(self, caller: Account, delivery_id: int) -> DeliveryRead:
        """Send a delivery that has ended again, under the same id.

        Raises:
            DeliveryNotFound: the caller has none of this number.
            DeliveryPending: it is still being tried.
        ChannelDisabled: nothing is sent by its channel.
            RateExceeded: there were too many.
        """
        owner_id = require_own(caller)
        rate = Rate(
            name="redeliveries", what="redeliveries", who=str(owner_id), quantity=REDELIVERIES_PER_MINUTE
        )
        refuse_beyond(await self._rates.take([rate]))
        async with self._connections.begin() as connection:
            row = await _find(connection, owner_id, delivery_id)
            if row.channel_id is not None and await repository.is_disabled(connection, row.channel_id):
                raise ChannelDisabled
            is_again = await repository.redeliver(
                connection, owner_id, delivery_id, give_up_after_s=self._settings.give_up_after_s
            )
            row = await _find(connection, owner_id, delivery_id)
            if not is_again:
                raise DeliveryPending
            await record(connection, caller, Action.REDELIVER, delivery_id, message_id=row.message_id)
        return DeliveryRead.of(row)


async def _find(connection: AsyncConnection, owner_id: int, delivery_id: int) -> AnyRow:
    row = await repository.find(connection, owner_id, delivery_id)
    if row is None:
        raise DeliveryNotFound(f"You have no delivery {delivery_id}; ended ones are kept for some days.")
    return row
