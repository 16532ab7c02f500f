"""Whose fault an error is."""

from __future__ import annotations

import errno

import psycopg
import pytest
from redis import exceptions as redis
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from operation_server.faults import Outage, is_away, is_beyond_limits, is_disk_full, is_outage, reason_of


def refusal(sqlstate: str) -> Exception:
    """Return what SQLAlchemy makes of PostgreSQL's refusal of a statement."""
    return raised(psycopg.errors.lookup(sqlstate)("no,\n  because"))


def raised(by_driver: Exception, *, is_invalidated: bool = False) -> Exception:
    error = DBAPIError.instance(
        "SELECT 'secret'", {}, by_driver, psycopg.Error, connection_invalidated=is_invalidated
    )
    assert isinstance(error, Exception)
    return error


@pytest.mark.parametrize("sqlstate", ["08006", "53100", "53300", "55P03", "57P01", "57014", "58030"])
def test_while_the_database_is_away_nothing_else_goes_well(sqlstate: str) -> None:
    assert is_away(refusal(sqlstate))
    assert is_outage(refusal(sqlstate))


@pytest.mark.parametrize("sqlstate", ["0A000", "25006", "40001", "40P01", "42P01", "42703"])
def test_what_passes_may_be_of_one_statement_only(sqlstate: str) -> None:
    assert not is_away(refusal(sqlstate))
    assert is_outage(refusal(sqlstate))


@pytest.mark.parametrize("sqlstate", ["22003", "22P05", "23503", "23505", "54001", "54000", "XX000", "P0001"])
def test_what_a_row_or_statement_is_refused_for_stays(sqlstate: str) -> None:
    assert not is_away(refusal(sqlstate))
    assert not is_outage(refusal(sqlstate))
    assert is_beyond_limits(refusal(sqlstate)) == sqlstate.startswith("54")


@pytest.mark.parametrize(
    "error",
    [
        raised(psycopg.OperationalError("connection refused")),
        raised(psycopg.InterfaceError("the connection is closed")),
        raised(psycopg.DatabaseError("gone"), is_invalidated=True),
        PoolTimeout(),
        DisconnectionError(),
        ConnectionResetError(),
        redis.ConnectionError(),
        Outage(),
    ],
    ids=repr,
)
def test_nobody_answers(error: Exception) -> None:
    assert is_away(error)
    assert is_outage(error)
    assert not is_beyond_limits(error)


@pytest.mark.parametrize(
    "error",
    [
        raised(psycopg.ProgrammingError("cannot adapt type")),
        raised(psycopg.DataError("NUL")),
        redis.DataError("cannot be sent"),
        ValueError(),
        RecursionError(),
    ],
    ids=repr,
)
def test_what_cannot_be_sent_stays(error: Exception) -> None:
    assert not is_away(error)
    assert not is_outage(error)


def test_a_full_disk_is_postgresqls_or_ones_own() -> None:
    assert is_disk_full(refusal("53100"))
    assert is_disk_full(OSError(errno.ENOSPC, "No space left on device"))
    assert not is_disk_full(refusal("53300"))
    assert not is_disk_full(OSError(errno.EIO, "Input/output error"))


def test_a_reason_is_a_line_without_the_statement() -> None:
    assert reason_of(refusal("23505")) == "UniqueViolation: no, because"
    assert len(reason_of(ValueError("x" * 1_000))) == 500
