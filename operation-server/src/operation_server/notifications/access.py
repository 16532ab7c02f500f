"""Whose notifications somebody changes: nobody's but their own."""

from __future__ import annotations

from operation_server.accounts.access import Extent, Permission, extent_of, require
from operation_server.accounts.account import Account
from operation_server.accounts.errors import AdminRequired, KeyTooNarrow


def require_own(caller: Account) -> int:
    """Return the account whose channels, rules and deliveries the caller sees and changes.

    Raises:
        PermissionMissing, KeyTooNarrow: none.
    """
    if require(caller, Permission.MANAGE_NOTIFICATIONS).plugins is not None:
        raise KeyTooNarrow("This API key is for some plugins only, and these tell of all; use a login.")
    return caller.id


def sees_everybodys(role: str) -> bool:
    """Tell whether accounts of a role may be told of what concerns everybody."""
    return extent_of(role, Permission.MANAGE_NOTIFICATIONS) is Extent.ALL


def require_everybodys(caller: Account) -> None:
    """Refuse who may not be told of what concerns everybody.

    Raises:
        AdminRequired: the caller may not.
    """
    if require(caller, Permission.MANAGE_NOTIFICATIONS).owner_id is not None:
        raise AdminRequired("Only an admin is told of everybody's jobs, of workers and of the platform.")


def reaches_everybody(caller: Account) -> bool:
    """Tell whether the caller may be told of what concerns everybody, at any address."""
    return require(caller, Permission.MANAGE_NOTIFICATIONS).owner_id is None
