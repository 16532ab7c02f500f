"""All SQL about the limits of users."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import UserLimit
from operation_server.models.job_states import WAITING, waiting

# Walks along `ix_jobs_waiting`, one for each version of which jobs wait: no submission pays for them, as it
# would for another index.
COUNT_WAITING: Final = text(f"""
    WITH RECURSIVE versions AS (
        (SELECT plugin_id FROM jobs WHERE {WAITING} ORDER BY plugin_id LIMIT 1)
        UNION ALL
        SELECT (SELECT j.plugin_id FROM jobs AS j
                WHERE {waiting("j")} AND j.plugin_id > versions.plugin_id
                ORDER BY j.plugin_id LIMIT 1)
        FROM versions WHERE versions.plugin_id IS NOT NULL
    )
    SELECT count(*) FROM (
        SELECT 1 FROM versions CROSS JOIN LATERAL (
            SELECT 1 FROM jobs AS j
            WHERE {waiting("j")} AND j.plugin_id = versions.plugin_id AND j.owner_id = :user_id
            LIMIT :most
        ) AS waiting LIMIT :most
    ) AS counted
""")  # noqa: S608 - only a constant of this program goes in.


async def find(connection: AsyncConnection, user_id: int) -> AnyRow | None:
    """Return what was set for a user, or None."""
    return (
        await connection.execute(select(UserLimit.__table__).where(UserLimit.user_id == user_id))
    ).one_or_none()


async def put(connection: AsyncConnection, user_id: int, **values: Any) -> None:
    """Set all limits of a user."""
    await connection.execute(
        insert(UserLimit)
        .values(user_id=user_id, **values)
        .on_conflict_do_update(index_elements=[UserLimit.user_id], set_=values | {"set_at": func.now()})
    )


async def count_waiting(connection: AsyncConnection, user_id: int, *, most: int) -> int:
    """Return how many jobs of a user wait, at most `most`."""
    counted = await connection.execute(COUNT_WAITING, {"user_id": user_id, "most": most})
    number: int = counted.scalar_one()
    return number
