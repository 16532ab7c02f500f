"""Tells who asks, by what they show; most requests need no query for it."""

from __future__ import annotations

import math
import time
from datetime import datetime
from typing import Final

from cachetools import TLRUCache

from operation_server.accounts import repository as accounts
from operation_server.accounts.account import Account
from operation_server.accounts.errors import TokenRefused
from operation_server.accounts.keys.shown import find_key
from operation_server.accounts.keys.usage import KeyUsage
from operation_server.accounts.random_secret import digest_of
from operation_server.accounts.sessions import repository as sessions
from operation_server.accounts.tokens import TokenSigner
from operation_server.database.connections import Connections

CACHED_S: Final = 3.0
"""How long a process goes on with what it knows of a caller, whatever has become of them elsewhere.

No message between processes is needed for it, so it holds while Redis is away.
"""
MOST_CACHED: Final = 10_000


class Callers:
    """Finds the accounts of access tokens, API keys, cookies and tickets."""

    def __init__(self, connections: Connections, signer: TokenSigner, usage: KeyUsage) -> None:
        """Know nobody yet."""
        self._connections = connections
        self._signer = signer
        self._usage = usage
        # By digest, so that no secret stays in memory.
        self._known: TLRUCache[bytes, tuple[Account, float]] = TLRUCache(
            MOST_CACHED, ttu=_until, timer=time.time
        )

    async def of_token(self, token: str) -> Account:
        """Return whose access token this is.

        Raises:
            TokenRefused: it is not valid, or its account is closed or has begun another epoch.
        """
        digest = digest_of(token)
        try:
            # Not `get`, which takes ten times as long (2026-11-25).
            return self._known[digest][0]
        except KeyError:
            claims = self._signer.verify(token)
        async with self._connections.connect() as connection:
            account = await accounts.find_account(connection, claims.account_id)
        if account is None or account.auth_epoch != claims.auth_epoch:
            raise TokenRefused
        self._known[digest] = (account, claims.expires_at)
        return account

    async def of_key(self, text: str) -> Account:
        """Return whose API key this is, with what it may do.

        Raises:
            KeyRefused: it is none, revoked or expired, or its account is closed.
        """
        digest = digest_of(text)
        try:
            caller = self._known[digest][0]
        except KeyError:
            caller = await self._find_key(text, digest)
        if caller.key is not None:
            self._usage.note(caller.key.key_id)
        return caller

    async def of_cookie(self, cookie: str) -> Account:
        """Return whose login of a browser this is.

        Raises:
            TokenRefused: it has ended.
        """
        digest = digest_of(cookie)
        try:
            return self._known[digest][0]
        except KeyError:
            pass
        async with self._connections.connect() as connection:
            found = await sessions.find_session(connection, digest)
        if found is None:
            raise TokenRefused("The session has ended; log in again.")
        self._known[digest] = (found[0], found[1].timestamp())
        return found[0]

    async def of_ticket(self, ticket: str) -> Account:
        """Return whose ticket this is, and use it up.

        Raises:
            TokenRefused: it was used, has expired or never was, or its account or key has lost its right.
        """
        async with self._connections.begin() as connection:
            caller = await sessions.take_ticket(connection, digest_of(ticket))
        if caller is None:
            raise TokenRefused
        return caller

    def forget(self) -> None:
        """Look all callers up again, because one of them has changed."""
        self._known.clear()

    async def _find_key(self, text: str, digest: bytes) -> Account:
        stored = await find_key(self._connections, text)
        self._known[digest] = (stored.caller, _timestamp(stored.expires_at))
        return stored.caller


def _timestamp(moment: datetime | None) -> float:
    return math.inf if moment is None else moment.timestamp()


def _until(_: bytes, known: tuple[Account, float], now_s: float) -> float:
    """Return until when a caller is remembered: never for longer than what they showed holds."""
    return min(now_s + CACHED_S, known[1])
