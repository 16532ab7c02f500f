"""Whose fault a failed call is: the database's, with which no other call would fare better, or its own."""

from __future__ import annotations

import errno
from typing import Final

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

AWAY: Final = (OperationalError, InterfaceError, PoolTimeout, OSError)
"""What is raised while the database is away, and now and then for a statement that it cannot carry out."""

DISK_FULL: Final = "53100"
OF_THE_STATEMENT: Final = ("40", "54")
"""Classes of SQLSTATE among operational errors that are no fault of the database: a deadlock with another
transaction, and a statement beyond its limits (too deep, too large, too many columns)."""


def sqlstate_of(error: BaseException) -> str:
    """Return PostgreSQL's five characters for an error, or nothing when it never answered."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def is_unavailable(error: BaseException) -> bool:
    """Tell whether the database is away, busy or full, so that the same call may succeed later."""
    return isinstance(error, AWAY) and not sqlstate_of(error).startswith(OF_THE_STATEMENT)


def is_beyond_limits(error: BaseException) -> bool:
    """Tell whether a statement is more than PostgreSQL can ever carry out."""
    return sqlstate_of(error).startswith("54")


def is_disk_full(error: BaseException) -> bool:
    """Tell whether a disk is full: PostgreSQL's, or one of this process."""
    return sqlstate_of(error) == DISK_FULL or getattr(error, "errno", None) == errno.ENOSPC
