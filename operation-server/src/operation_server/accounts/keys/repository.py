"""All SQL about API keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    any_,
    bindparam,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.accounts.account import Account, KeyScope
from operation_server.accounts.repository import ACCOUNT, account_of
from operation_server.database.rows import AnyRow
from operation_server.models import ApiKey, User

SCOPE: Final = (
    ApiKey.id.label("key_id"),
    ApiKey.permissions.label("key_permissions"),
    ApiKey.plugins.label("key_plugins"),
    ApiKey.requests_per_minute.label("key_requests_per_minute"),
)
"""The columns of `scope_of`."""
SHOWN: Final = (
    ApiKey.id,
    ApiKey.user_id,
    ApiKey.name,
    ApiKey.permissions,
    ApiKey.plugins,
    ApiKey.requests_per_minute,
    ApiKey.created_at,
    ApiKey.expires_at,
    ApiKey.last_used_at,
    ApiKey.revoked_at,
)
NOTE_USE: Final = text("""
    UPDATE api_keys AS k SET last_used_at = greatest(k.last_used_at, used.at)
    FROM unnest(CAST(:ids AS bigint[]), CAST(:times AS timestamptz[])) AS used (id, at) WHERE k.id = used.id
""")


class StoredKey(NamedTuple):
    """Who a key stands for, and what it is compared with."""

    caller: Account
    digest: bytes
    expires_at: datetime | None


def is_valid() -> ColumnElement[bool]:
    """Return the condition under which a key opens anything."""
    return and_(ApiKey.revoked_at.is_(None), or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()))


def scope_of(row: AnyRow) -> KeyScope | None:
    """Return what the key of a row may do; None when there is no key in it."""
    if row.key_id is None:
        return None
    return KeyScope(
        key_id=row.key_id,
        permissions=None if row.key_permissions is None else frozenset(row.key_permissions),
        plugins=None if row.key_plugins is None else frozenset(row.key_plugins),
        requests_per_minute=row.key_requests_per_minute,
    )


async def find_valid(connection: AsyncConnection, key_id: int) -> StoredKey | None:
    """Return a key that opens something, or None."""
    row = (
        await connection.execute(
            select(*ACCOUNT, *SCOPE, ApiKey.digest, ApiKey.expires_at)
            .join(User, User.id == ApiKey.user_id)
            .where(ApiKey.id == key_id, is_valid(), User.is_active)
        )
    ).one_or_none()
    if row is None:
        return None
    return StoredKey(account_of(row, key=scope_of(row)), row.digest, row.expires_at)


async def which_valid(connection: AsyncConnection, key_ids: Collection[int]) -> set[int]:
    """Return those of some keys that open something."""
    wanted = bindparam("ids", list(key_ids), type_=ARRAY(BigInteger))
    return set(await connection.scalars(select(ApiKey.id).where(ApiKey.id == any_(wanted), is_valid())))


async def add(
    connection: AsyncConnection,
    *,
    user_id: int,
    name: str,
    digest: bytes,
    permissions: Sequence[str] | None,
    plugins: Sequence[str] | None,
    requests_per_minute: int | None,
    expires_at: datetime | None,
) -> AnyRow:
    """Add a key and return it."""
    return (
        await connection.execute(
            insert(ApiKey)
            .values(
                user_id=user_id,
                name=name,
                digest=digest,
                permissions=permissions,
                plugins=plugins,
                requests_per_minute=requests_per_minute,
                expires_at=expires_at,
            )
            .returning(*SHOWN)
        )
    ).one()


async def list_page(
    connection: AsyncConnection, owner_id: int | None, *, skip: int, limit: int
) -> tuple[int, Sequence[AnyRow]]:
    """Return the number of keys of an account, or of all, and a page of them, newest first."""
    mine = [] if owner_id is None else [ApiKey.user_id == owner_id]
    total = await connection.scalar(select(func.count()).select_from(ApiKey).where(*mine)) or 0
    page = select(*SHOWN).where(*mine).order_by(ApiKey.id.desc()).offset(skip).limit(limit)
    return total, (await connection.execute(page)).all()


async def revoke(connection: AsyncConnection, key_id: int, *, owner_id: int | None) -> bool:
    """Revoke a key, of one account's unless that is None; tell whether there is one. Safe to repeat."""
    mine = [] if owner_id is None else [ApiKey.user_id == owner_id]
    done = await connection.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id, *mine)
        .values(revoked_at=func.coalesce(ApiKey.revoked_at, func.now()))
    )
    return bool(done.rowcount)


async def note_use(connection: AsyncConnection, used: Mapping[int, datetime]) -> None:
    """Remember when keys were used last."""
    await connection.execute(NOTE_USE, {"ids": list(used), "times": list(used.values())})
