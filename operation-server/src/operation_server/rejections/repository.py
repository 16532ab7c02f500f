"""All SQL about rejected reports."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.database.storable_text import storable_text
from operation_server.models import RejectedReport
from satellite.contracts.identity import AttemptKey

MOST_KEPT: Final = 1_000
KEPT_DAYS: Final = 30
BODY_BYTES_MAX: Final = 65_536
"""What is kept of a body; the largest result alone is a megabyte."""
EXCERPT_LENGTH: Final = 1_000

PRUNE = text(f"""
    DELETE FROM rejected_reports
    WHERE at < now() - interval '{KEPT_DAYS} days'
       OR id <= (SELECT id FROM rejected_reports ORDER BY id DESC OFFSET {MOST_KEPT} LIMIT 1)
""")  # noqa: S608 - only constants of this module go in.


def keep(
    connection: Connection,
    *,
    message: bytes,
    task: str | None,
    attempt: AttemptKey | None,
    reason: str,
    body: bytes,
) -> bool:
    """Keep a report that cannot be applied; return False when the same message is kept already."""
    statement = (
        insert(RejectedReport)
        .values(
            digest=hashlib.sha256(message).hexdigest(),
            task=task and storable_text(task),
            job_id=attempt and attempt.job_id,
            attempt=attempt and attempt.attempt,
            reason=storable_text(reason),
            body=body[:BODY_BYTES_MAX],
            body_bytes=len(body),
        )
        .on_conflict_do_nothing(index_elements=[RejectedReport.digest])
        .returning(RejectedReport.id)
    )
    return connection.execute(statement).first() is not None


def prune(connection: Connection) -> None:
    """Forget what is old or beyond the number that is kept; safe to repeat."""
    connection.execute(PRUNE)


async def list_page(connection: AsyncConnection, *, skip: int, limit: int) -> tuple[int, Sequence[AnyRow]]:
    """Return the number of rejected reports and a page of them, newest first."""
    total = await connection.scalar(select(func.count()).select_from(RejectedReport)) or 0
    kept = RejectedReport
    rows = await connection.execute(
        select(
            kept.id,
            kept.task,
            kept.job_id,
            kept.attempt,
            kept.reason,
            kept.body_bytes,
            kept.at,
            func.substr(kept.body, 1, EXCERPT_LENGTH).label("beginning"),
        )
        .order_by(kept.id.desc())
        .offset(skip)
        .limit(limit)
    )
    return total, rows.all()
