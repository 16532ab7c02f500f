"""What changes accounts, each on a connection, so that more can join its transaction."""

from __future__ import annotations

from typing import Any

from operation_server.accounts import repository
from operation_server.accounts.access import Permission, extent_of, require
from operation_server.accounts.account import Account, Role
from operation_server.accounts.errors import AccountNotFound, AddressTaken, OwnAccountKept
from operation_server.database.connections import AsyncConnection
from operation_server.trail.actions import Action
from operation_server.trail.recording import record


async def create(
    connection: AsyncConnection,
    caller: Account | None,
    *,
    email: str,
    full_name: str | None,
    password_hash: str,
    role: Role,
    max_running: int | None,
) -> Account:
    """Open an account; without a caller, for whoever signs up.

    Raises:
        AddressTaken: there is already one with this address.
    """
    account = await repository.add_account(
        connection,
        email=email,
        full_name=full_name,
        password_hash=password_hash,
        role=role,
        max_running=max_running,
    )
    if account is None:
        raise _taken(email)
    await record(connection, caller or account, Action.OPEN_ACCOUNT, account.id, email=email, role=role)
    return account


async def change(connection: AsyncConnection, caller: Account, account_id: int, **values: Any) -> Account:
    """Set the names, role, limit or activity of an account and return it.

    Closing it ends its sessions; another role ends its access tokens and streams.

    Raises:
        AdminRequired: the caller may not.
        AccountNotFound: there is no such account.
        OwnAccountKept: the caller would lock themselves out.
        AddressTaken: another account has the address.
    """
    require(caller, Permission.MANAGE_ACCOUNTS)
    if account_id == caller.id and _locks_out(**values):
        raise OwnAccountKept
    email = values.get("email")
    if email is not None and await repository.is_taken(connection, email, by_other_than=account_id):
        raise _taken(email)
    account = await repository.change_account(connection, account_id, **values)
    if account is None:
        raise AccountNotFound(f"There is no account {account_id}.")
    await record(connection, caller, Action.CHANGE_ACCOUNT, account_id, **values)
    if not account.is_active:
        await repository.end_logins(connection, account_id)
    return account


async def set_password(
    connection: AsyncConnection, caller: Account, account_id: int, password_hash: str
) -> Account:
    """Set the password of an account and end its sessions, access tokens and streams.

    Raises:
        AccountNotFound: there is no such account.
    """
    account = await repository.begin_epoch(connection, account_id, password_hash=password_hash)
    if account is None:
        raise AccountNotFound(f"There is no account {account_id}.")
    await repository.end_logins(connection, account_id)
    await record(connection, caller, Action.SET_PASSWORD, account_id)
    return account


def _locks_out(*, is_active: bool = True, role: Role | None = None, **others: Any) -> bool:
    """Tell whether who makes this change to their own account could not take it back."""
    del others
    return not is_active or (role is not None and extent_of(role, Permission.MANAGE_ACCOUNTS) is None)


def _taken(email: str) -> AddressTaken:
    return AddressTaken(f"There is already an account with the address {email}.")
