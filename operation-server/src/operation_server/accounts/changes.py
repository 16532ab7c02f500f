"""What changes accounts, each on a connection, so that more can join its transaction."""

from __future__ import annotations

from typing import Any

from operation_server.accounts import repository
from operation_server.accounts.access import Permission, extent_of, require
from operation_server.accounts.account import Account, Role
from operation_server.accounts.errors import AccountNotFound, OwnAccountKept, UsernameTaken
from operation_server.database.connections import AsyncConnection


async def create(
    connection: AsyncConnection,
    caller: Account,
    *,
    username: str,
    password_hash: str,
    role: Role,
    max_running: int | None,
) -> Account:
    """Open an account.

    Raises:
        AdminRequired: the caller may not.
        UsernameTaken: there is already one of this name.
    """
    require(caller, Permission.MANAGE_ACCOUNTS)
    account = await repository.add_account(
        connection, username=username, password_hash=password_hash, role=role, max_running=max_running
    )
    if account is None:
        raise UsernameTaken(f"there is already an account named {username!r}")
    return account


async def change(connection: AsyncConnection, caller: Account, account_id: int, **values: Any) -> Account:
    """Set the role, limit or activity of an account and return it.

    Raises:
        AdminRequired: the caller may not.
        AccountNotFound: there is no such account.
        OwnAccountKept: the caller would lock themselves out.
    """
    require(caller, Permission.MANAGE_ACCOUNTS)
    if account_id == caller.id and _locks_out(**values):
        raise OwnAccountKept
    account = await repository.change_account(connection, account_id, **values)
    if account is None:
        raise AccountNotFound(f"There is no account {account_id}.")
    return account


def _locks_out(*, is_active: bool = True, role: Role | None = None, **others: Any) -> bool:
    """Tell whether who makes this change to their own account could not take it back."""
    del others
    return not is_active or (role is not None and extent_of(role, Permission.MANAGE_ACCOUNTS) is None)
