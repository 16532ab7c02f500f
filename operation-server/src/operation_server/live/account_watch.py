"""Ends the streams of closed accounts, and those of former admins that show what belongs to others."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

import structlog

from operation_server.accounts.access import Extent, Permission, extent_of
from operation_server.accounts.repository import find_roles
from operation_server.database.connections import Connections
from operation_server.faults import is_outage
from operation_server.live.hub import Hub
from operation_server.live.subscription import AccountClosed, RoleLost, Subscription
from operation_server.process_end import end_after_requests, must_go_on

CHECK_EVERY_S: Final = 2.0

log = structlog.get_logger(__name__)


class AccountWatch:
    """Asks for all connected accounts of this process at once, every two seconds while there are any."""

    def __init__(self, hub: Hub, connections: Connections, *, changed: Callable[[], None]) -> None:
        """Call `changed` when an account has lost something, so that nothing older is believed of it."""
        self._hub = hub
        self._connections = connections
        self._changed = changed

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch until the block ends."""
        watch = asyncio.create_task(must_go_on("account watch", self._watch(), end=end_after_requests))
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.wait([watch])

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            try:
                await self.check()
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("accounts of open streams cannot be checked", error=str(error))

    async def check(self) -> None:
        """End the streams that must not go on.

        Raises:
            Exception: the database does not answer.
        """
        streams = list(self._hub.subscriptions())
        if not streams:
            return
        async with self._connections.connect() as connection:
            roles = await find_roles(connection, {stream.account_id for stream in streams})
        lost = [(stream, loss) for stream in streams if (loss := loss_of(stream, roles)) is not None]
        if lost:
            # First, so that who connects again at once is not taken for what they were.
            self._changed()
        for stream, loss in lost:
            stream.withdraw(loss)


def loss_of(stream: Subscription, roles: Mapping[int, str]) -> AccountClosed | RoleLost | None:
    """Return why a stream must not go on, given the roles of the active accounts; None when it may."""
    role = roles.get(stream.account_id)
    if role is None:
        return AccountClosed()
    sees_all = extent_of(role, Permission.READ_JOBS) is Extent.ALL
    return RoleLost() if stream.shows_others and not sees_all else None
