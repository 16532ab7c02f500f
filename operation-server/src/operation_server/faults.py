"""Tells an outage, where all there is to do is to wait, from a fault of what is being worked on.

The second is what must not stop others: whoever works on many at a time tries each alone and goes on.
"""

from __future__ import annotations

from typing import Final

from redis.exceptions import DataError, RedisError
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from satellite.errors import SatelliteError

SQLSTATE_CLASSES: Final = frozenset({"08", "0A", "25", "40", "42", "53", "55", "57", "58"})
"""States of PostgreSQL that say nothing about the rows of a statement.

Connections, a plan or a schema of another release, a standby, conflicts, resources, locks, an operator, and
the system.
"""
REASON_LENGTH = 500


class Outage(SatelliteError):
    """Something that Satellite needs does not answer."""

    code = "outage"


def is_outage(error: BaseException) -> bool:
    """Tell whether PostgreSQL, Redis or the network was at fault, so that the same may go well later.

    Everything else is a fault of the message, row or code at hand, and would fail the same way for ever.
    """
    if isinstance(error, DBAPIError):
        return _is_outage_of_database(error)
    if isinstance(error, DataError):
        return False
    return isinstance(error, OSError | RedisError | PoolTimeout | DisconnectionError | Outage)


def _is_outage_of_database(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return state[:2] in SQLSTATE_CLASSES
    # Without a state it is the driver that speaks: of the connection, or of a value that it cannot send.
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def reason_of(error: Exception) -> str:
    """Return an error in a line, without the statement and the parameters that the database driver adds."""
    said = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return f"{type(said).__name__}: {' '.join(str(said).split())}"[:REASON_LENGTH]
