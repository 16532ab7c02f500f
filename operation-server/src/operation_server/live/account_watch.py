"""Ends the streams of who has lost the right to them: closed or changed accounts, keys that have ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Final

import structlog

from operation_server.accounts.account import Account
from operation_server.accounts.keys.repository import which_valid
from operation_server.accounts.repository import find_epochs
from operation_server.database.connections import Connections
from operation_server.faults import is_outage
from operation_server.live.hub import Hub
from operation_server.process_end import beside_requests

CHECK_EVERY_S: Final = 2.0

log = structlog.get_logger(__name__)


class AccountWatch:
    """Asks for all who have streams of this process at once, every two seconds while there are any."""

    def __init__(self, hub: Hub, connections: Connections, *, changed: Callable[[], None]) -> None:
        """Call `changed` when somebody has lost something, so that nothing older is believed of them."""
        self._hub = hub
        self._connections = connections
        self._changed = changed

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch until the block ends."""
        async with beside_requests("account watch", self._watch()):
            yield

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
        callers = [stream.caller for stream in streams]
        key_ids = {caller.key.key_id for caller in callers if caller.key is not None}
        async with self._connections.connect() as connection:
            epochs = await find_epochs(connection, {caller.id for caller in callers})
            keys = await which_valid(connection, key_ids) if key_ids else set()
        lost = [stream for stream in streams if has_lost(stream.caller, epochs, keys)]
        if lost:
            # First, so that who connects again at once is not taken for what they were.
            self._changed()
        for stream in lost:
            stream.withdraw()


def has_lost(caller: Account, epochs: Mapping[int, int], keys: Collection[int]) -> bool:
    """Tell whether a caller of before is none any more, given epochs of active accounts and valid keys."""
    if epochs.get(caller.id) != caller.auth_epoch:
        return True
    return caller.key is not None and caller.key.key_id not in keys
