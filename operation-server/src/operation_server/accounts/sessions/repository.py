"""All SQL about logins: refresh tokens, sessions by cookie, tickets, and failures."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import and_, delete, func, insert, literal, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.accounts.account import Account
from operation_server.accounts.keys.repository import SCOPE, is_valid, scope_of
from operation_server.accounts.repository import ACCOUNT, account_of
from operation_server.models import ApiKey, DashboardSession, LoginFailure, RefreshToken, User, WsTicket


class UsedToken(NamedTuple):
    """A refresh token that was used before."""

    family: UUID
    user_id: int
    since_s: float
    """Seconds since its use."""


async def add_refresh_token(
    connection: AsyncConnection, digest: bytes, *, family: UUID, user_id: int, expires_at: datetime
) -> None:
    """Add a refresh token."""
    await connection.execute(
        insert(RefreshToken).values(digest=digest, family=family, user_id=user_id, expires_at=expires_at)
    )


async def use_refresh_token(
    connection: AsyncConnection, digest: bytes
) -> tuple[Account, UUID, datetime] | None:
    """Use up a refresh token, and return whose it is, its family and its end; None if it is not usable.

    Of several who use it at once, one is answered.
    """
    row = (
        await connection.execute(
            update(RefreshToken)
            .where(
                RefreshToken.digest == digest,
                RefreshToken.used_at.is_(None),
                RefreshToken.expires_at > func.now(),
                RefreshToken.user_id == User.id,
                User.is_active,
            )
            .values(used_at=func.now())
            .returning(*ACCOUNT, RefreshToken.family, RefreshToken.expires_at)
        )
    ).one_or_none()
    return None if row is None else (account_of(row), row.family, row.expires_at)


async def find_used_token(connection: AsyncConnection, digest: bytes) -> UsedToken | None:
    """Return a refresh token that was used before, or None."""
    row = (
        await connection.execute(
            select(
                RefreshToken.family,
                RefreshToken.user_id,
                func.extract("epoch", func.now() - RefreshToken.used_at).label("since_s"),
            ).where(RefreshToken.digest == digest, RefreshToken.used_at.is_not(None))
        )
    ).one_or_none()
    return None if row is None else UsedToken(row.family, row.user_id, float(row.since_s))


async def delete_family(connection: AsyncConnection, family: UUID) -> None:
    """Delete all refresh tokens of a login."""
    await connection.execute(delete(RefreshToken).where(RefreshToken.family == family))


async def delete_family_of(connection: AsyncConnection, digest: bytes) -> None:
    """Delete all refresh tokens of the login that a token belongs to, if there is such a token."""
    family = select(RefreshToken.family).where(RefreshToken.digest == digest).scalar_subquery()
    await connection.execute(delete(RefreshToken).where(RefreshToken.family == family))


async def add_session(
    connection: AsyncConnection, digest: bytes, *, user_id: int, expires_at: datetime
) -> None:
    """Add a session by cookie."""
    await connection.execute(
        insert(DashboardSession).values(digest=digest, user_id=user_id, expires_at=expires_at)
    )


async def find_session(connection: AsyncConnection, digest: bytes) -> tuple[Account, datetime] | None:
    """Return whose a session is and when it ends, or None."""
    row = (
        await connection.execute(
            select(*ACCOUNT, DashboardSession.expires_at)
            .join(User, User.id == DashboardSession.user_id)
            .where(
                DashboardSession.digest == digest, DashboardSession.expires_at > func.now(), User.is_active
            )
        )
    ).one_or_none()
    return None if row is None else (account_of(row), row.expires_at)


async def delete_session(connection: AsyncConnection, digest: bytes) -> None:
    """Delete a session, if there is one."""
    await connection.execute(delete(DashboardSession).where(DashboardSession.digest == digest))


async def delete_expired(connection: AsyncConnection, user_id: int) -> None:
    """Delete what an account's logins of long ago have left."""
    for table in (RefreshToken, DashboardSession):
        await connection.execute(delete(table).where(table.user_id == user_id, table.expires_at < func.now()))


async def add_ticket(connection: AsyncConnection, digest: bytes, caller: Account, *, ttl_s: float) -> None:
    """Add a ticket, and delete those that nobody used in time."""
    await connection.execute(delete(WsTicket).where(WsTicket.expires_at < func.now()))
    await connection.execute(
        insert(WsTicket).values(
            digest=digest,
            user_id=caller.id,
            key_id=None if caller.key is None else caller.key.key_id,
            auth_epoch=caller.auth_epoch,
            expires_at=func.now() + func.make_interval(0, 0, 0, 0, 0, 0, ttl_s),
        )
    )


async def take_ticket(connection: AsyncConnection, digest: bytes) -> Account | None:
    """Use up a ticket and return whose it is; None if there is none, or whose it was has lost the right.

    Of several who use it at once, one is answered.
    """
    taken = (
        delete(WsTicket)
        .where(WsTicket.digest == digest, WsTicket.expires_at > func.now())
        .returning(WsTicket.user_id, WsTicket.key_id, WsTicket.auth_epoch)
        .cte("taken")
    )
    row = (
        await connection.execute(
            select(*ACCOUNT, *SCOPE)
            .select_from(taken)
            .join(
                User,
                and_(User.id == taken.c.user_id, User.is_active, User.auth_epoch == taken.c.auth_epoch),
            )
            .outerjoin(ApiKey, and_(ApiKey.id == taken.c.key_id, is_valid()))
            .where(or_(taken.c.key_id.is_(None), ApiKey.id.is_not(None)))
        )
    ).one_or_none()
    return None if row is None else account_of(row, key=scope_of(row))


WAIT_LEFT: Final = text("""
    SELECT coalesce(max(
               CASE WHEN source = :source AND failures >= :free
                    THEN extract(epoch FROM last_at - now()) + least(power(2, failures - :free), :most_s)
                    ELSE 0 END), 0) AS wait_s,
           coalesce(sum(failures), 0) AS of_address
    FROM login_failures
    WHERE address = :address AND last_at > now() - make_interval(secs => :window_s)
""")
NOTE_FAILURE: Final = text("""
    INSERT INTO login_failures AS known (address, source, failures) VALUES (:address, :source, 1)
    ON CONFLICT (address, source) DO UPDATE SET last_at = now(), failures =
        CASE WHEN known.last_at > now() - make_interval(secs => :window_s)
             THEN least(known.failures + 1, 1000) ELSE 1 END
""")


async def find_wait(
    connection: AsyncConnection, address: bytes, source: str, *, free: int, most_s: float, window_s: float
) -> tuple[float, int]:
    """Return the seconds until an address may be tried from a source again, and all its failures."""
    row = (
        await connection.execute(
            WAIT_LEFT,
            {"address": address, "source": source, "free": free, "most_s": most_s, "window_s": window_s},
        )
    ).one()
    return float(row.wait_s), int(row.of_address)


async def note_failure(connection: AsyncConnection, address: bytes, source: str, *, window_s: float) -> None:
    """Remember a failed login, and forget those before the window."""
    await connection.execute(NOTE_FAILURE, {"address": address, "source": source, "window_s": window_s})
    old = LoginFailure.last_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 0, literal(window_s))
    await connection.execute(delete(LoginFailure).where(old))


async def forget_failures(connection: AsyncConnection, address: bytes, source: str) -> None:
    """Forget the failed logins of an address from a source."""
    await connection.execute(
        delete(LoginFailure).where(LoginFailure.address == address, LoginFailure.source == source)
    )
