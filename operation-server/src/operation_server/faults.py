"""Tells whose fault an error is: that of what everybody needs, or of what is being worked on.

During an outage all there is to do is to wait. The other kind is what must not stop anybody: whoever works on
many at a time tries each alone and goes on.
"""

from __future__ import annotations

import errno
from typing import Final

from redis.exceptions import DataError, RedisError
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from satellite.errors import SatelliteError

# Classes of SQLSTATE, the five characters with which PostgreSQL says what happened.
AWAY: Final = frozenset({"08", "53", "55", "57", "58"})
"""Connections, resources, locks, an operator, and the system: no other statement would fare better now."""
PASSING: Final = frozenset({"0A", "25", "40", "42"})
"""A plan or a schema of another release, a standby, conflicts: they say nothing about the rows of a
statement, but another statement may fare better."""
BEYOND_LIMITS: Final = "54"
DISK_FULL: Final = "53100"
REASON_LENGTH = 500


class Outage(SatelliteError):
    """Something that Satellite needs does not answer."""

    code = "outage"


def is_outage(error: BaseException) -> bool:
    """Tell whether PostgreSQL, Redis or the network was at fault, so that the same may go well later.

    Everything else is a fault of the message, row or code at hand, and would fail the same way for ever.
    """
    return _is_of(error, AWAY | PASSING)


def is_away(error: BaseException) -> bool:
    """Tell whether nothing else would go well either for now: an outage that no statement alone can cause."""
    return _is_of(error, AWAY)


def is_beyond_limits(error: BaseException) -> bool:
    """Tell whether a statement is more than PostgreSQL can ever carry out: too deep, too large."""
    return _sqlstate_of(error).startswith(BEYOND_LIMITS)


def is_disk_full(error: BaseException) -> bool:
    """Tell whether a disk is full: PostgreSQL's, or one of this process."""
    return _sqlstate_of(error) == DISK_FULL or getattr(error, "errno", None) == errno.ENOSPC


def reason_of(error: Exception) -> str:
    """Return an error in a line, without the statement and the parameters that the database driver adds."""
    said = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return f"{type(said).__name__}: {' '.join(str(said).split())}"[:REASON_LENGTH]


def _is_of(error: BaseException, classes: frozenset[str]) -> bool:
    if isinstance(error, DataError):
        return False
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError | RedisError | PoolTimeout | DisconnectionError | Outage)
    state = _sqlstate_of(error)
    if state:
        return state[:2] in classes
    # Without a state it is the driver that speaks: of the connection, or of a value that it cannot send.
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def _sqlstate_of(error: BaseException) -> str:
    """Return PostgreSQL's five characters for an error, or nothing when it never answered."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""
