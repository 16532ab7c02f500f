"""Who may see and do what: the only place that knows what a role means.

Features ask for permissions, never for roles, so that another role, or a key that may do less than its
account, is a line here and no change anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from operation_server.accounts.account import Account, Role
from operation_server.accounts.errors import AdminRequired


class Permission(StrEnum):
    """Something that accounts may do."""

    READ_JOBS = "jobs:read"
    """See jobs and what hangs on them: attempts, logs, events, dead letters, statistics."""
    CHANGE_JOBS = "jobs:change"
    """Submit, cancel, retry and replay jobs."""
    REGISTER_PLUGINS = "plugins:register"
    """Register and delete versions of a plugin name, and hand the name over."""
    TRUST_PLUGINS = "plugins:trust"
    """Register plugins that relax the container template."""
    CONTROL_PLUGINS = "plugins:control"
    """Pause plugins and limit how many of their jobs run."""
    MANAGE_ACCOUNTS = "accounts:manage"
    READ_REJECTED_REPORTS = "rejected_reports:read"


class Extent(StrEnum):
    """How far a permission goes."""

    OWN = "own"
    ALL = "all"


GRANTED: Final[Mapping[str, Mapping[Permission, Extent]]] = {
    Role.USER: {
        Permission.READ_JOBS: Extent.OWN,
        Permission.CHANGE_JOBS: Extent.OWN,
        Permission.REGISTER_PLUGINS: Extent.OWN,
    },
    Role.ADMIN: dict.fromkeys(Permission, Extent.ALL),
}


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose things a permission goes for."""

    owner_id: int | None
    """None: everybody's."""

    def __contains__(self, owner_id: int) -> bool:
        return self.owner_id in {None, owner_id}


EVERYBODYS: Final = Reach(None)


def extent_of(role: str, permission: Permission) -> Extent | None:
    """Return how far a permission of a role goes; None when the role has not got it, or is unknown."""
    return GRANTED.get(role, {}).get(permission)


def require(caller: Account, permission: Permission, why: str | None = None) -> Reach:
    """Return whose things a permission of the caller goes for; `why` is told to who has not got it.

    Raises:
        AdminRequired: the caller has not got it.
    """
    extent = extent_of(caller.role, permission)
    if extent is None:
        raise AdminRequired(why)
    return EVERYBODYS if extent is Extent.ALL else Reach(caller.id)


def visible_to(caller: Account) -> Reach:
    """Return whose jobs the caller may see, with all that hangs on them.

    Raises:
        AdminRequired: nobody's.
    """
    return require(caller, Permission.READ_JOBS)
