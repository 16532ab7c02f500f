"""All SQL about clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import Cluster, ClusterEvent
from operation_server.models.job_states import active

EVENTS_MAX: Final = 1_000
"""Of a cluster; the oldest go."""
REPORTING_WITHIN_S: Final = 60

NOW: Final = func.now()
SHOWN: Final = (
    *(column for column in Cluster.__table__.c if column.name != "cached_digests"),
    (Cluster.reported_at > func.now() - text(f"interval '{REPORTING_WITHIN_S} s'")).label("is_reporting"),
)
TRIM_EVENTS: Final = text("""
    DELETE FROM cluster_events WHERE cluster_name = :name AND id <= (
        SELECT id FROM cluster_events WHERE cluster_name = :name ORDER BY id DESC OFFSET :keep LIMIT 1
    )
""")
COUNT_ACTIVE: Final = text(f"SELECT count(*) FROM jobs AS j WHERE j.queue = :queue AND {active('j')}")  # noqa: S608
LIST_ACTIVE: Final = text(f"""
    SELECT j.id AS job_id, j.attempt, j.owner_id, j.plugin_name, j.status, c.phase, c.gpus, j.started_at
    FROM jobs AS j LEFT JOIN cluster_jobs AS c ON c.job_id = j.id AND c.attempt = j.attempt
    WHERE j.queue = :queue AND {active("j")}
      AND (CAST(:owner_id AS bigint) IS NULL OR j.owner_id = :owner_id)
    ORDER BY j.id LIMIT :limit
""")  # noqa: S608  # Only constants.


async def add(connection: AsyncConnection, **fields: Any) -> None:
    """Add a cluster.

    Raises:
        IntegrityError: there is one of this name.
    """
    await connection.execute(insert(Cluster).values(**fields))


async def count(connection: AsyncConnection) -> int:
    """Return how many clusters there are."""
    return await connection.scalar(select(func.count()).select_from(Cluster)) or 0


async def list_all(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Return all clusters by name."""
    return (await connection.execute(select(*SHOWN).order_by(Cluster.name))).all()


async def find(connection: AsyncConnection, name: str) -> AnyRow | None:
    """Return a cluster, or None."""
    return (await connection.execute(select(*SHOWN).where(Cluster.name == name))).one_or_none()


async def lock(connection: AsyncConnection, name: str) -> AnyRow | None:
    """Return a cluster that nobody else changes before the transaction ends, or None."""
    query = select(*SHOWN).where(Cluster.name == name).with_for_update()
    return (await connection.execute(query)).one_or_none()


async def change(connection: AsyncConnection, name: str, **fields: Any) -> None:
    """Change fields of a cluster, so that its connector asks for it again."""
    fields |= {"generation": Cluster.generation + 1, "changed_at": func.now()}
    await connection.execute(update(Cluster).where(Cluster.name == name).values(**fields))


async def note_report(connection: AsyncConnection, name: str, **fields: Any) -> None:
    """Keep what a connector has told of a cluster."""
    fields["reported_at"] = func.now()
    await connection.execute(update(Cluster).where(Cluster.name == name).values(**fields))


async def wish_probe(connection: AsyncConnection, name: str) -> None:
    """Have everything of a cluster looked at anew."""
    await connection.execute(update(Cluster).where(Cluster.name == name).values(probe=Cluster.probe + 1))


async def remove(connection: AsyncConnection, name: str) -> None:
    """Remove a cluster with its events."""
    await connection.execute(delete(Cluster).where(Cluster.name == name))


async def add_event(connection: AsyncConnection, name: str, *, state: str, reason: str) -> None:
    """Note that something has become of a cluster; there is an end to how much is kept."""
    await connection.execute(insert(ClusterEvent).values(cluster_name=name, state=state, reason=reason))
    await connection.execute(TRIM_EVENTS, {"name": name, "keep": EVENTS_MAX})


async def list_events(
    connection: AsyncConnection, name: str, *, skip: int, limit: int
) -> tuple[int, Sequence[AnyRow]]:
    """Return how many events a cluster has, and a page of them, newest first."""
    of_it = ClusterEvent.cluster_name == name
    total = await connection.scalar(select(func.count()).select_from(ClusterEvent).where(of_it)) or 0
    columns = (ClusterEvent.state, ClusterEvent.reason, ClusterEvent.at)
    page = select(*columns).where(of_it).order_by(ClusterEvent.id.desc()).offset(skip).limit(limit)
    return total, (await connection.execute(page)).all()


async def count_active(connection: AsyncConnection, queue: str) -> int:
    """Return how many jobs were sent to a cluster and have not ended."""
    return await connection.scalar(COUNT_ACTIVE, {"queue": queue}) or 0


async def list_active(
    connection: AsyncConnection, queue: str, *, owner_id: int | None, limit: int
) -> Sequence[AnyRow]:
    """Return the active jobs of a cluster, of one owner or of all, oldest first."""
    values = {"queue": queue, "owner_id": owner_id, "limit": limit}
    return (await connection.execute(LIST_ACTIVE, values)).all()
