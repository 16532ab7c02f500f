"""All SQL that writes the audit trail, and that makes, seals and drops its months."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.errors import IntegrityError
from satellite.contracts.json_text import write_json

SCHEMA: Final = "audit"
"""Months stand in a schema of their own, in which the application's role may look nothing up."""

ADD: Final = text("""
    INSERT INTO audit_entries
        (actor_id, actor, action, object_type, object_id, is_refused, address, request_id, detail)
    SELECT CAST(:actor_id AS bigint), CAST(:actor AS text), :action, :object_type, object_id, :is_refused,
           CAST(:address AS text), CAST(:request_id AS text), CAST(:detail AS jsonb)
    FROM unnest(CAST(:object_ids AS text[])) AS object_id
""")
MONTHS: Final = text(r"""
    SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'audit_entries'::regclass AND c.relname LIKE 'entries\_20%' ORDER BY c.relname
""")

# Columns by name, so that what is sealed stays the same when the table gets another one.
LINES: Final = """
    SELECT json_build_array(id, at AT TIME ZONE 'UTC', actor_id, actor, action, object_type, object_id,
                            is_refused, address, request_id, detail)::text
    FROM {} ORDER BY at, id
"""


class Seal(NamedTuple):
    """What a month was when it was over."""

    entries: int
    sha256: str


async def add(
    connection: AsyncConnection, *, object_ids: Sequence[str | None], detail: dict[str, Any], **columns: Any
) -> None:
    """Add an entry for each object, otherwise the same."""
    await connection.execute(ADD, _parameters(object_ids, detail, columns))


def add_in_transition(
    connection: Connection, *, object_ids: Sequence[str | None], detail: dict[str, Any], **columns: Any
) -> None:
    """Add an entry for each object on the connection of a transition, otherwise the same."""
    connection.execute(ADD, _parameters(object_ids, detail, columns))


def list_months(connection: Connection) -> list[str]:
    """Return the names of the tables that hold a month each, the oldest first."""
    return list(connection.scalars(MONTHS))


def add_month(connection: Connection, name: str, *, first: date, after: date) -> bool:
    """Make the table of a month; return False when entries of it lie where those of no month are."""
    try:
        with connection.begin_nested():
            connection.execute(
                text(
                    f"CREATE TABLE {SCHEMA}.{name} PARTITION OF audit_entries"
                    f" FOR VALUES FROM ('{first} 00:00+00') TO ('{after} 00:00+00')"
                )
            )
            connection.execute(text(f"SELECT {SCHEMA}.keep_unchanged('{SCHEMA}.{name}')"))
    except IntegrityError:
        return False
    return True


def digest_month(connection: Connection, name: str) -> Seal:
    """Return how many entries a month has, and the SHA-256 of them all in their order."""
    digest, entries = hashlib.sha256(), 0
    lines = text(LINES.format(f"{SCHEMA}.{name}"))
    for line in connection.scalars(lines, execution_options={"yield_per": 1_000}):
        digest.update(line.encode() + b"\n")
        entries += 1
    return Seal(entries, digest.hexdigest())


def list_seals(connection: Connection) -> dict[str, Seal]:
    """Return what months were when they were sealed."""
    rows = connection.execute(text("SELECT name, entries, sha256 FROM audit.seals"))
    return {row.name: Seal(row.entries, row.sha256) for row in rows}


def add_seal(connection: Connection, name: str, seal: Seal) -> None:
    """Keep what a month is from now on."""
    connection.execute(
        text("INSERT INTO audit.seals (name, entries, sha256) VALUES (:name, :entries, :sha256)"),
        {"name": name, **seal._asdict()},
    )


def drop_month(connection: Connection, name: str) -> None:
    """Drop a month with all its entries."""
    connection.execute(text(f"DROP TABLE {SCHEMA}.{name}"))


def _parameters(
    object_ids: Sequence[str | None], detail: dict[str, Any], columns: dict[str, Any]
) -> dict[str, Any]:
    return {"object_ids": list(object_ids), "detail": write_json(detail) if detail else None, **columns}
