"""Logins that last, and tickets."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from operation_server.accounts import repository as accounts
from operation_server.accounts.account import Account
from operation_server.accounts.errors import RefreshUnderWay, TokenRefused
from operation_server.accounts.random_secret import digest_of, new_secret
from operation_server.accounts.sessions import repository
from operation_server.accounts.tokens import TokenSigner
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.settings import AuthSettings
from operation_server.trail.actions import Action
from operation_server.trail.recording import record


@dataclass(frozen=True, kw_only=True)
class Grant:
    """An access token, and the refresh token that gets the next one."""

    access_token: str
    expires_in_s: int
    refresh_token: str
    refresh_expires_at: datetime


class SessionService:
    """Begins, renews and ends logins, for programs by refresh tokens and for browsers by a cookie."""

    def __init__(self, connections: Connections, settings: AuthSettings, signer: TokenSigner) -> None:
        self._connections = connections
        self._settings = settings
        self._signer = signer

    async def begin(self, account: Account) -> Grant:
        """Begin a login and return its tokens."""
        expires_at = datetime.now(UTC) + timedelta(seconds=self._settings.refresh_ttl_s)
        async with self._connections.begin() as connection:
            await repository.delete_expired(connection, account.id)
            return await self._grant(connection, account, uuid.uuid4(), expires_at)

    async def refresh(self, token: str) -> Grant:
        """Exchange a refresh token for new tokens; it is good for one use.

        Used again, it is in two hands: its whole login ends, and with it all access tokens of the account.

        Raises:
            RefreshUnderWay: it was used moments ago, most likely by the same client; nothing ends.
            TokenRefused: it is unknown, expired, or was used before.
        """
        digest = digest_of(token)
        async with self._connections.begin() as connection:
            used = await repository.use_refresh_token(connection, digest)
            if used is not None:
                return await self._grant(connection, *used)
            before = await repository.find_used_token(connection, digest)
            if before is not None and before.since_s >= self._settings.refresh_grace_s:
                await repository.delete_family(connection, before.family)
                await accounts.begin_epoch(connection, before.user_id)
                await record(connection, None, Action.END_LOGIN, before.user_id)
        if before is not None and before.since_s < self._settings.refresh_grace_s:
            raise RefreshUnderWay
        raise TokenRefused("The refresh token is not valid any more; log in again.")

    async def end(self, token: str) -> None:
        """End the login of a refresh token; safe to repeat. Its access token holds until it expires."""
        async with self._connections.begin() as connection:
            await repository.delete_family_of(connection, digest_of(token))

    async def begin_by_cookie(self, account: Account) -> tuple[str, int]:
        """Begin a login of a browser; return the cookie's value and the seconds it holds."""
        cookie, ttl_s = new_secret(), self._settings.refresh_ttl_s
        expires_at = datetime.now(UTC) + timedelta(seconds=ttl_s)
        async with self._connections.begin() as connection:
            await repository.delete_expired(connection, account.id)
            await repository.add_session(
                connection, digest_of(cookie), user_id=account.id, expires_at=expires_at
            )
        return cookie, ttl_s

    async def end_by_cookie(self, cookie: str) -> None:
        """End the login of a cookie; safe to repeat."""
        async with self._connections.connect() as connection:
            await repository.delete_session(connection, digest_of(cookie))

    async def ticket(self, caller: Account) -> tuple[str, int]:
        """Return a ticket that opens one WebSocket, and the seconds it holds."""
        ticket, ttl_s = new_secret(), self._settings.ws_ticket_ttl_s
        async with self._connections.begin() as connection:
            await repository.add_ticket(connection, digest_of(ticket), caller, ttl_s=ttl_s)
        return ticket, ttl_s

    async def _grant(
        self, connection: AsyncConnection, account: Account, family: uuid.UUID, expires_at: datetime
    ) -> Grant:
        refresh_token, ttl_s = new_secret(), self._settings.token_ttl_s
        await repository.add_refresh_token(
            connection, digest_of(refresh_token), family=family, user_id=account.id, expires_at=expires_at
        )
        return Grant(
            access_token=self._signer.sign(account.id, auth_epoch=account.auth_epoch, ttl_s=ttl_s),
            expires_in_s=ttl_s,
            refresh_token=refresh_token,
            refresh_expires_at=expires_at,
        )
