"""All SQL of the live streams: who owns a job, what has finished, and the durable events, told or not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from operation_server.database.rows import AnyRow

NEWEST_PUBLISHED: Final = text("SELECT coalesce(max(id), 0) FROM job_events WHERE published_at IS NOT NULL")
FINISHED: Final = text("""
    SELECT id FROM jobs
    WHERE id = ANY(CAST(:ids AS bigint[])) AND status IN ('completed', 'failed', 'cancelled')
    UNION ALL
    SELECT id FROM workflow_runs
    WHERE id = ANY(CAST(:ids AS bigint[])) AND status IN ('completed', 'failed', 'cancelled')
""")
HEAD: Final = text("""
    SELECT uid, owner_id, plugin_name FROM jobs WHERE id = :id
    UNION ALL SELECT uid, owner_id, 'a workflow' FROM workflow_runs WHERE id = :id
""")
_COLUMNS = """
    id, subject, job_id, owner_id, type,
    coalesce(
        (SELECT uid FROM jobs WHERE jobs.id = job_id),
        (SELECT uid FROM workflow_runs WHERE workflow_runs.id = job_id),
        CAST(md5('satellite job ' || job_id) AS uuid)
    ) AS uid,
    CAST(data AS text) AS data, at
"""
OF_JOB: Final = text(f"""
    SELECT {_COLUMNS} FROM job_events WHERE job_id = :job_id AND id > :after ORDER BY id LIMIT :limit
""")  # noqa: S608 - only a constant of this module goes in.
OF_OWNER: Final = text(f"""
    SELECT {_COLUMNS} FROM job_events WHERE owner_id = :owner_id AND id > :after ORDER BY id LIMIT :limit
""")  # noqa: S608 - only a constant of this module goes in.
OF_EVERYBODY: Final = text(f"""
    SELECT {_COLUMNS} FROM job_events WHERE id > :after ORDER BY id LIMIT :limit
""")  # noqa: S608 - only a constant of this module goes in.
BY_ID: Final = text(f"""
    SELECT {_COLUMNS} FROM job_events WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id
""")  # noqa: S608 - only a constant of this module goes in.
UNPUBLISHED: Final = text("""
    SELECT id FROM job_events
    WHERE published_at IS NULL AND at < now() - interval '1 second' AND id > :after
    ORDER BY id LIMIT :limit
""")
MARK_PUBLISHED: Final = text("""
    UPDATE job_events SET published_at = now()
    WHERE id = ANY(CAST(:ids AS bigint[])) AND published_at IS NULL
""")
# A lost mark means one more harmless publication, so it need not wait for the disk.
WITHOUT_WAITING: Final = text("SET LOCAL synchronous_commit = off")


async def newest_published(connection: AsyncConnection) -> int:
    """Return the id of the newest event that was published, 0 when none was."""
    newest: int = (await connection.execute(NEWEST_PUBLISHED)).scalar_one()
    return newest


async def find_finished(connection: AsyncConnection, job_ids: Sequence[int]) -> set[int]:
    """Return the ids of those of some jobs that have ended."""
    return set(await connection.scalars(FINISHED, {"ids": list(job_ids)}))


async def find_head(connection: AsyncConnection, job_id: int) -> AnyRow | None:
    """Return the uid, the owner and the plugin's name of a job, or None when there is no such job."""
    return (await connection.execute(HEAD, {"id": job_id})).one_or_none()


async def list_durable(
    connection: AsyncConnection, *, job_id: int | None, owner_id: int | None, after: int, limit: int
) -> Sequence[AnyRow]:
    """Return a page of durable events in their order: of a job, of an owner, or of all; data as text."""
    page = {"after": after, "limit": limit}
    if job_id is not None:
        return (await connection.execute(OF_JOB, {"job_id": job_id, **page})).all()
    if owner_id is not None:
        return (await connection.execute(OF_OWNER, {"owner_id": owner_id, **page})).all()
    return (await connection.execute(OF_EVERYBODY, page)).all()


async def list_unpublished(connection: AsyncConnection, *, after: int, limit: int) -> list[int]:
    """Return ids of events that are older than a second and were not told, beyond `after`."""
    return list(await connection.scalars(UNPUBLISHED, {"after": after, "limit": limit}))


async def list_by_id(connection: AsyncConnection, event_ids: Sequence[int]) -> Sequence[AnyRow]:
    """Return durable events in their order; data as text."""
    return (await connection.execute(BY_ID, {"ids": list(event_ids)})).all()


async def mark_published(engine: AsyncEngine, event_ids: Collection[int]) -> None:
    """Remember that events need no publishing any more; safe to repeat."""
    async with engine.begin() as connection:
        await connection.execute(WITHOUT_WAITING)
        await connection.execute(MARK_PUBLISHED, {"ids": list(event_ids)})
