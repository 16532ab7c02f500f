"""As whom records are submitted."""

from __future__ import annotations

import time
from typing import Final

from pydantic import SecretStr

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.accounts.errors import KeyRefused, KeyTooNarrow, PermissionMissing
from operation_server.accounts.keys.shown import find_key
from operation_server.accounts.keys.usage import KeyUsage
from operation_server.database.connections import Connections
from operation_server.kafka.errors import SubmitterRefused

REMEMBERED_S: Final = 3.0
"""As long as API processes remember who shows a key."""


class Submitter:
    """The account of the API key that the settings name."""

    def __init__(self, connections: Connections, key: SecretStr, usage: KeyUsage) -> None:
        """Know nobody yet."""
        self._connections = connections
        self._key = key
        self._usage = usage
        self._known: tuple[Account, float] | None = None

    async def account(self) -> Account:
        """Return who submits.

        Raises:
            SubmitterRefused: the key is no longer good for that; records wait until it is, or another is set.
        """
        if self._known is None or self._known[1] < time.monotonic():
            self._known = await self._find(), time.monotonic() + REMEMBERED_S
        account = self._known[0]
        if account.key is not None:
            self._usage.note(account.key.key_id)
        return account

    async def _find(self) -> Account:
        try:
            stored = await find_key(self._connections, self._key.get_secret_value())
            require(stored.caller, Permission.CHANGE_JOBS)
        except (KeyRefused, KeyTooNarrow, PermissionMissing) as error:
            raise SubmitterRefused(f"SATELLITE_KAFKA_API_KEY: {error}") from error
        return stored.caller
