"""The rules about channels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.database.errors import IntegrityError
from operation_server.limits.rates import Rate, Rates
from operation_server.limits.requests import refuse_beyond
from operation_server.notifications.access import require_own
from operation_server.notifications.channels import changes, repository
from operation_server.notifications.channels.addresses import ChannelAddresses
from operation_server.notifications.channels.schemas import (
    ChannelChange,
    ChannelCreate,
    ChannelCreated,
    ChannelList,
    ChannelRead,
    SigningSecretRead,
)
from operation_server.notifications.deliveries.schemas import DeliveryRead
from operation_server.notifications.deliveries.testing import add_test
from operation_server.notifications.errors import (
    ChannelDisabled,
    ChannelExists,
    ChannelInvalid,
    ChannelNotFound,
)
from operation_server.secrets.key_ring import KeyRing
from operation_server.settings import NotificationSettings
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from satellite.contracts.notification import ChannelKind

TESTS_PER_MINUTE: Final = 10


class ChannelService:
    """Makes, shows, changes, tests and deletes channels; it tells no address."""

    def __init__(
        self,
        connections: Connections,
        ring: KeyRing,
        rates: Rates,
        addresses: ChannelAddresses,
        settings: NotificationSettings,
    ) -> None:
        self._connections = connections
        self._ring = ring
        self._rates = rates
        self._addresses = addresses
        self._settings = settings

    async def create(self, caller: Account, request: ChannelCreate) -> ChannelCreated:
        """Make a channel; see `changes.create` and `ChannelAddresses.check`.

        Raises:
            ChannelExists: there is one of this name.
        """
        require_own(caller)
        given = None if request.address is None else request.address.get_secret_value()
        address, hint = await self._addresses.check(caller, request.kind, given)
        try:
            async with self._connections.begin() as connection:
                row, signing = await changes.create(
                    connection,
                    caller,
                    self._ring,
                    name=request.name,
                    kind=request.kind,
                    address=address,
                    hint=hint,
                )
        except IntegrityError as error:
            raise ChannelExists(f"You have a channel {request.name} already.") from error
        shown = ChannelRead.model_validate(row).model_dump()
        return ChannelCreated(**shown, signing_secret=signing)

    async def change(self, caller: Account, channel_id: int, request: ChannelChange) -> ChannelRead:
        """Change a channel; see `changes.change` and `ChannelAddresses.check`.

        Raises:
            ChannelNotFound: the caller has none of this number.
            ChannelExists: there is another of this name.
            ChannelInvalid: a WebSocket is given an address.
        """
        kind = ChannelKind((await self.find(caller, channel_id)).kind)
        values: dict[str, Any] = request.model_dump(exclude={"address"}, exclude_none=True)
        address = None
        if request.address is not None:
            if kind is ChannelKind.WEBSOCKET:
                raise ChannelInvalid("A WebSocket has no address: whoever has one open is told.")
            given = request.address.get_secret_value()
            address, values["hint"] = await self._addresses.check(caller, kind, given)
        try:
            async with self._connections.begin() as connection:
                channel = await changes.lock(connection, caller, channel_id)
                row = await changes.change(connection, caller, self._ring, channel, address=address, **values)
        except IntegrityError as error:
            raise ChannelExists(f"You have a channel {request.name} already.") from error
        return ChannelRead.model_validate(row)

    async def find(self, caller: Account, channel_id: int) -> ChannelRead:
        """Return a channel.

        Raises:
            ChannelNotFound: the caller has none of this number.
        """
        async with self._connections.connect() as connection:
            row = await repository.find(connection, require_own(caller), channel_id)
        if row is None:
            raise ChannelNotFound(f"You have no channel {channel_id}.")
        return ChannelRead.model_validate(row)

    async def list_page(self, caller: Account, *, skip: int, limit: int) -> ChannelList:
        """Return a page of the caller's channels."""
        owner_id = require_own(caller)
        async with self._connections.connect() as connection:
            total, rows = await repository.list_page(connection, owner_id, skip=skip, limit=limit)
        return ChannelList(total=total, items=[ChannelRead.model_validate(row) for row in rows])

    async def delete(self, caller: Account, channel_id: int) -> None:
        """Delete a channel; see `changes.delete`."""
        async with self._connections.begin() as connection:
            await changes.delete(connection, caller, channel_id)

    async def rotate(self, caller: Account, channel_id: int | None) -> SigningSecretRead:
        """Make another signing secret, of a channel or of the caller's jobs, and return it this once.

        Raises:
            ChannelNotFound: the caller has none of this number.
            ChannelInvalid: it is no webhook, so nothing is signed.
        """
        overlap_s = self._settings.secret_overlap_s
        async with self._connections.begin() as connection:
            if channel_id is not None:
                channel = await changes.lock(connection, caller, channel_id)
                if channel.kind != ChannelKind.WEBHOOK:
                    raise ChannelInvalid("Only messages of webhooks are signed.")
            signing = await changes.rotate(connection, caller, self._ring, channel_id, overlap_s=overlap_s)
        until = datetime.now(UTC) + timedelta(seconds=overlap_s)
        return SigningSecretRead(signing_secret=signing, previous_until=until)

    async def test(self, caller: Account, channel_id: int) -> DeliveryRead:
        """Send a message by a channel that says it is a test, and return its delivery.

        Raises:
            ChannelNotFound: the caller has none of this number.
            ChannelDisabled: nothing is sent by it.
            RateExceeded: it was tested too often.
        """
        rate = Rate(name="tests", what="tests", who=str(caller.id), quantity=TESTS_PER_MINUTE)
        refuse_beyond(await self._rates.take([rate]))
        async with self._connections.begin() as connection:
            channel = await changes.lock(connection, caller, channel_id)
            if not channel.is_enabled:
                raise ChannelDisabled
            row = await add_test(connection, channel, give_up_after_s=self._settings.give_up_after_s)
            await record(connection, caller, Action.TEST_CHANNEL, channel_id, name=channel.name)
        return DeliveryRead.of(row)
