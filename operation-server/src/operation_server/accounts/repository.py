"""All SQL about accounts themselves."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    any_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from operation_server.accounts.account import Account, KeyScope, Role
from operation_server.database.rows import AnyRow
from operation_server.models import DashboardSession, RefreshToken, User

ACCOUNT: Final = (
    User.id,
    User.email,
    User.full_name,
    User.role,
    User.max_running,
    User.created_at,
    User.is_active,
    User.auth_epoch,
)
"""The columns of `account_of`."""
ENDS_ACCESS: Final = ("role", "is_active")
"""What an access token or an open stream must not outlive."""


class StoredCredentials(NamedTuple):
    """An account and the hash of its password."""

    account: Account
    password_hash: str


def account_of(row: AnyRow, *, key: KeyScope | None = None) -> Account:
    """Return the account of a row."""
    return Account(
        id=row.id,
        email=row.email,
        full_name=row.full_name,
        role=row.role,
        max_running=row.max_running,
        created_at=row.created_at,
        is_active=row.is_active,
        auth_epoch=row.auth_epoch,
        key=key,
    )


async def find_account(connection: AsyncConnection, account_id: int) -> Account | None:
    """Return an active account, or None."""
    row = (
        await connection.execute(select(*ACCOUNT).where(User.id == account_id, User.is_active))
    ).one_or_none()
    return None if row is None else account_of(row)


async def find_credentials(
    connection: AsyncConnection, *, given: str, email: str
) -> StoredCredentials | None:
    """Return the active account of an address with its password's hash, or None.

    One whose stored name is exactly what was given comes first: older releases kept names as they were.
    """
    row = (
        await connection.execute(
            select(*ACCOUNT, User.password_hash)
            .where(User.email.in_([given, email]), User.is_active)
            .order_by((User.email == given).desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else StoredCredentials(account_of(row), row.password_hash)


async def has_admin(connection: AsyncConnection) -> bool:
    """Tell whether there is an active admin."""
    found = await connection.scalar(select(exists().where(User.role == Role.ADMIN, User.is_active)))
    return bool(found)


async def add_account(
    connection: AsyncConnection,
    *,
    email: str,
    full_name: str | None = None,
    password_hash: str,
    role: Role,
    max_running: int | None,
) -> Account | None:
    """Add an account and return it, or None when the address is taken."""
    row = (
        await connection.execute(
            insert(User)
            .values(
                email=email,
                full_name=full_name,
                password_hash=password_hash,
                role=role.value,
                max_running=max_running,
            )
            .on_conflict_do_nothing(index_elements=[User.email])
            .returning(*ACCOUNT)
        )
    ).one_or_none()
    return None if row is None else account_of(row)


async def find_epochs(connection: AsyncConnection, account_ids: Collection[int]) -> dict[int, int]:
    """Return the epochs of those of some accounts that are active."""
    wanted = bindparam("ids", list(account_ids), type_=ARRAY(BigInteger))
    rows = await connection.execute(
        select(User.id, User.auth_epoch).where(User.id == any_(wanted), User.is_active)
    )
    return {row.id: row.auth_epoch for row in rows}


async def list_accounts(
    connection: AsyncConnection, *, search: str | None, skip: int, limit: int
) -> tuple[int, list[Account]]:
    """Return the number of accounts in whose address or name `search` stands, and a page of them."""
    wanted = [] if not search else [or_(_stands_in(User.email, search), _stands_in(User.full_name, search))]
    total = await connection.scalar(select(func.count()).select_from(User).where(*wanted)) or 0
    page = select(*ACCOUNT).where(*wanted).order_by(User.id).offset(skip).limit(limit)
    rows = await connection.execute(page)
    return total, [account_of(row) for row in rows]


async def change_account(connection: AsyncConnection, account_id: int, **values: Any) -> Account | None:
    """Set columns of an account, if any, and return it, or None when there is none.

    Another role or activity than before begins a new epoch.
    """
    ends = [getattr(User, name) != values[name] for name in ENDS_ACCESS if name in values]
    if ends:
        values["auth_epoch"] = User.auth_epoch + case((or_(*ends), 1), else_=0)
    statement = (
        update(User).where(User.id == account_id).values(**values).returning(*ACCOUNT)
        if values
        else select(*ACCOUNT).where(User.id == account_id)
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else account_of(row)


async def begin_epoch(connection: AsyncConnection, account_id: int, **values: Any) -> Account | None:
    """Set columns of an account and end all of its access tokens and streams; None when there is none."""
    row = (
        await connection.execute(
            update(User)
            .where(User.id == account_id)
            .values(auth_epoch=User.auth_epoch + 1, **values)
            .returning(*ACCOUNT)
        )
    ).one_or_none()
    return None if row is None else account_of(row)


async def end_logins(connection: AsyncConnection, account_id: int) -> None:
    """End the sessions of an account, so that nothing but a password or an API key opens it."""
    await connection.execute(delete(RefreshToken).where(RefreshToken.user_id == account_id))
    await connection.execute(delete(DashboardSession).where(DashboardSession.user_id == account_id))


async def is_taken(connection: AsyncConnection, email: str, *, by_other_than: int) -> bool:
    """Tell whether another account has an address."""
    found = await connection.scalar(select(exists().where(User.email == email, User.id != by_other_than)))
    return bool(found)


def _stands_in(column: InstrumentedAttribute[Any], search: str) -> ColumnElement[bool]:
    # The characters that mean something in a pattern stand for themselves.
    return column.icontains(search, autoescape=True)
