"""The rules about accounts and tokens."""

from __future__ import annotations

import time
from typing import Any

import structlog
from cachetools import TLRUCache

from operation_server.accounts import changes, repository
from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account, Role
from operation_server.accounts.errors import CredentialsRefused, TokenRefused
from operation_server.accounts.passwords import PasswordHashing
from operation_server.accounts.tokens import Audience, TokenSigner
from operation_server.database.connections import Connections
from operation_server.settings import AdminSettings, AuthSettings

CACHED_S = 5.0
"""A closed account may go on for this long; in return most requests need no query for their caller."""
MOST_CACHED = 10_000

log = structlog.get_logger(__name__)


class AccountService:
    """Logs people in and tells who a token belongs to."""

    def __init__(self, connections: Connections, settings: AuthSettings) -> None:
        self._connections = connections
        self._settings = settings
        self._passwords = PasswordHashing(
            at_once=settings.hashes_at_once, waiting_max=settings.hashes_waiting
        )
        self._signer = TokenSigner(settings.secret_key)
        self._callers: TLRUCache[str, tuple[Account, float]] = TLRUCache(
            MOST_CACHED, ttu=_until, timer=time.time
        )

    async def log_in(self, username: str, password: str) -> tuple[str, int]:
        """Return a token and the seconds it holds.

        Raises:
            CredentialsRefused: there is no such active account, or the password is wrong.
            LoginsBusy: too many log in at this moment.
        """
        async with self._connections.connect() as connection:
            stored = await repository.find_credentials(connection, username)
        hashed = stored.password_hash if stored else None
        if not await self._passwords.matches(password, hashed) or stored is None:
            raise CredentialsRefused
        ttl_s = self._settings.token_ttl_s
        return self._signer.sign(stored.account.id, audience=Audience.API, ttl_s=ttl_s), ttl_s

    def ticket(self, account: Account) -> tuple[str, int]:
        """Return a short-lived token that opens WebSockets only, and the seconds it holds."""
        ttl_s = self._settings.ws_ticket_ttl_s
        return self._signer.sign(account.id, audience=Audience.WEBSOCKET, ttl_s=ttl_s), ttl_s

    async def account_of(self, token: str, *, audience: Audience = Audience.API) -> Account:
        """Return whose token this is.

        Raises:
            TokenRefused: the token is not valid, or its account is closed.
        """
        key = f"{audience}:{token}"
        try:
            # Not `get`, which takes ten times as long (2026-11-25).
            return self._callers[key][0]
        except KeyError:
            claims = self._signer.verify(token, audience=audience)
        async with self._connections.connect() as connection:
            account = await repository.find_account(connection, claims.account_id)
        if account is None:
            raise TokenRefused
        self._callers[key] = (account, claims.expires_at)
        return account

    async def create(
        self, caller: Account, *, username: str, password: str, role: Role, max_running: int | None
    ) -> Account:
        """Open an account.

        Raises:
            AdminRequired: the caller is not an admin.
            UsernameTaken: there is already one of this name.
            LoginsBusy: too many passwords are being hashed at this moment.
        """
        require(caller, Permission.MANAGE_ACCOUNTS)
        password_hash = await self._passwords.hash(password)
        async with self._connections.begin() as connection:
            return await changes.create(
                connection,
                caller,
                username=username,
                password_hash=password_hash,
                role=role,
                max_running=max_running,
            )

    async def change(self, caller: Account, account_id: int, **values: Any) -> Account:
        """Set the role, limit or activity of an account and return it.

        Other API processes go on with what they remember of it for up to 5 s.

        Raises:
            AdminRequired: the caller is not an admin.
            AccountNotFound: there is no such account.
            OwnAccountKept: the caller would lock themselves out.
        """
        async with self._connections.begin() as connection:
            account = await changes.change(connection, caller, account_id, **values)
        self.forget_callers()
        return account

    def forget_callers(self) -> None:
        """Look all callers up again, because one of them has changed."""
        self._callers.clear()

    async def list_accounts(self, caller: Account, *, skip: int, limit: int) -> tuple[int, list[Account]]:
        """Return the number of accounts and a page of them; for admins."""
        require(caller, Permission.MANAGE_ACCOUNTS)
        async with self._connections.connect() as connection:
            return await repository.list_accounts(connection, skip=skip, limit=limit)


def _until(_: str, known: tuple[Account, float], now_s: float) -> float:
    """Return until when a caller is remembered: never for longer than the token holds."""
    return min(now_s + CACHED_S, known[1])


async def ensure_admin(connections: Connections, settings: AdminSettings) -> None:
    """Make the bootstrap admin when there is no admin and the environment names one; safe to repeat."""
    if not settings.email or settings.password is None:
        return
    async with connections.connect() as connection:
        if await repository.has_admin(connection):
            return
    password_hash = await PasswordHashing(at_once=1, waiting_max=0).hash(settings.password.get_secret_value())
    async with connections.begin() as connection:
        made = await repository.add_account(
            connection,
            username=settings.email,
            password_hash=password_hash,
            role=Role.ADMIN,
            max_running=None,
        )
    if made is not None:
        log.info("made the bootstrap admin", username=settings.email)
