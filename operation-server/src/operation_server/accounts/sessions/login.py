"""Checks passwords, ever more slowly where they are wrong."""

from __future__ import annotations

import asyncio
import math
from typing import Final

from operation_server.accounts import repository as accounts
from operation_server.accounts.account import Account
from operation_server.accounts.credentials import address_of
from operation_server.accounts.errors import CredentialsRefused, LoginSlowed
from operation_server.accounts.passwords import PasswordHashing
from operation_server.accounts.random_secret import digest_of
from operation_server.accounts.sessions import repository
from operation_server.database.connections import Connections
from operation_server.trail.actions import Action
from operation_server.trail.recording import record, record_refusal

FREE_FAILURES: Final = 5
"""Wrong passwords for an address from one source until the next has to wait: 1, 2, 4, … s."""
LONGEST_WAIT_S: Final = 300.0
WINDOW_S: Final = 900.0
"""Failures are forgotten when there was none for so long."""
CROWD: Final = 50
"""Failures for an address, from anywhere, from which on each login for it takes `CROWD_WAIT_S` longer.

Nobody is refused for what others did: whoever knows the password gets in.
"""
CROWD_WAIT_S: Final = 1.0


class PasswordLogin:
    """Tells whose an address and a password are.

    One way for all who are refused, so that neither time nor words tell whether there is such an account.
    """

    def __init__(self, connections: Connections, passwords: PasswordHashing) -> None:
        self._connections = connections
        self._passwords = passwords

    async def check(self, email: str, password: str, *, source: str) -> Account:
        """Return the account of an address and a password, given from a source such as `192.0.2.7`.

        Raises:
            CredentialsRefused: there is no such active account, or the password is wrong.
            LoginSlowed: too many were wrong.
            LoginsBusy: too many log in at this moment.
        """
        address = address_of(email)
        address_digest = digest_of(address)
        async with self._connections.connect() as connection:
            wait_s, of_address = await repository.find_wait(
                connection,
                address_digest,
                source,
                free=FREE_FAILURES,
                most_s=LONGEST_WAIT_S,
                window_s=WINDOW_S,
            )
            stored = await accounts.find_credentials(connection, given=email, email=address)
            if wait_s > 0:
                await record_refusal(connection, Action.LOG_IN, actor_id=None, actor=email)
        if wait_s > 0:
            raise LoginSlowed(math.ceil(wait_s))
        if of_address >= CROWD:
            await asyncio.sleep(CROWD_WAIT_S)
        hashed = stored.password_hash if stored else None
        matches = await self._passwords.matches(password, hashed)
        async with self._connections.connect() as connection:
            if stored is None or not matches:
                await record_refusal(connection, Action.LOG_IN, actor_id=None, actor=email)
                await repository.note_failure(connection, address_digest, source, window_s=WINDOW_S)
                raise CredentialsRefused
            await record(connection, stored.account, Action.LOG_IN, stored.account.id)
            if of_address:
                await repository.forget_failures(connection, address_digest, source)
        return stored.account
