"""All SQL about accounts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, any_, bindparam, exists, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.accounts.account import Account, Role
from operation_server.database.rows import AnyRow
from operation_server.models import User

_COLUMNS = (User.id, User.username, User.role, User.max_running, User.created_at, User.is_active)


class StoredCredentials(NamedTuple):
    """An account and the hash of its password."""

    account: Account
    password_hash: str


async def find_account(connection: AsyncConnection, account_id: int) -> Account | None:
    """Return an active account, or None."""
    row = (
        await connection.execute(select(*_COLUMNS).where(User.id == account_id, User.is_active))
    ).one_or_none()
    return None if row is None else _account(row)


async def find_credentials(connection: AsyncConnection, username: str) -> StoredCredentials | None:
    """Return an active account with its password's hash, or None."""
    row = (
        await connection.execute(
            select(*_COLUMNS, User.password_hash).where(User.username == username, User.is_active)
        )
    ).one_or_none()
    return None if row is None else StoredCredentials(_account(row), row.password_hash)


async def has_admin(connection: AsyncConnection) -> bool:
    """Tell whether there is an active admin."""
    found = await connection.scalar(select(exists().where(User.role == Role.ADMIN, User.is_active)))
    return bool(found)


async def add_account(
    connection: AsyncConnection, *, username: str, password_hash: str, role: Role, max_running: int | None
) -> Account | None:
    """Add an account and return it, or None when the name is taken."""
    row = (
        await connection.execute(
            insert(User)
            .values(username=username, password_hash=password_hash, role=role.value, max_running=max_running)
            .on_conflict_do_nothing(index_elements=[User.username])
            .returning(*_COLUMNS)
        )
    ).one_or_none()
    return None if row is None else _account(row)


async def find_roles(connection: AsyncConnection, account_ids: Collection[int]) -> dict[int, str]:
    """Return the roles of those of some accounts that are active."""
    wanted = bindparam("ids", list(account_ids), type_=ARRAY(BigInteger))
    rows = await connection.execute(select(User.id, User.role).where(User.id == any_(wanted), User.is_active))
    return {row.id: row.role for row in rows}


async def list_accounts(connection: AsyncConnection, *, skip: int, limit: int) -> tuple[int, list[Account]]:
    """Return the number of accounts and a page of them."""
    total = await connection.scalar(select(func.count()).select_from(User)) or 0
    rows = await connection.execute(select(*_COLUMNS).order_by(User.id).offset(skip).limit(limit))
    return total, [_account(row) for row in rows]


async def change_account(connection: AsyncConnection, account_id: int, **values: Any) -> Account | None:
    """Set columns of an account, if any, and return it, or None when there is none."""
    statement = (
        update(User).where(User.id == account_id).values(**values).returning(*_COLUMNS)
        if values
        else select(*_COLUMNS).where(User.id == account_id)
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else _account(row)


def _account(row: AnyRow) -> Account:
    return Account(
        id=row.id,
        username=row.username,
        role=Role(row.role),
        max_running=row.max_running,
        created_at=row.created_at,
        is_active=row.is_active,
    )
