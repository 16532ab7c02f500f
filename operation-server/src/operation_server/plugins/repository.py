"""All SQL about plugins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import Job, Plugin, PluginControl, PluginOwner, PluginReport, User
from satellite.contracts.job import JobStatus
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.plugin_report import Report

UNFINISHED = [JobStatus.QUEUED.value, JobStatus.PROCESSING.value]


def _with_control() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Plugin.id,
            Plugin.name,
            Plugin.version,
            Plugin.digest,
            Plugin.manifest,
            Plugin.created_by,
            Plugin.created_at,
            func.coalesce(PluginOwner.owner_id, Plugin.created_by).label("owner_id"),
            func.coalesce(PluginControl.is_paused, text("false")).label("is_paused"),
            PluginControl.max_running.label("max_running"),
            PluginReport.passed,
            PluginReport.findings,
            PluginReport.tested_at,
        )
        .outerjoin(PluginOwner, PluginOwner.plugin_name == Plugin.name)
        .outerjoin(PluginControl, PluginControl.plugin_name == Plugin.name)
        .outerjoin(PluginReport, PluginReport.plugin_id == Plugin.id)
        .where(Plugin.deleted_at.is_(None))
    )


async def find(connection: AsyncConnection, name: str, version: str | None) -> AnyRow | None:
    """Return a plugin version with its control, the newest registration unless `version` is given."""
    query = _with_control().where(Plugin.name == name)
    if version is None:
        query = query.order_by(Plugin.id.desc()).limit(1)
    else:
        query = query.where(Plugin.version == version)
    return (await connection.execute(query)).one_or_none()


async def list_versions(connection: AsyncConnection, name: str) -> Sequence[AnyRow]:
    """Return all versions of a plugin, newest registration first."""
    return (
        await connection.execute(_with_control().where(Plugin.name == name).order_by(Plugin.id.desc()))
    ).all()


async def list_latest(
    connection: AsyncConnection, *, name: str | None, skip: int, limit: int
) -> tuple[int, Sequence[AnyRow]]:
    """Return the number of plugins and a page of the newest version of each, by name."""
    wanted = Plugin.name.contains(name, autoescape=True) if name else text("true")
    total = await connection.scalar(
        select(func.count(Plugin.name.distinct())).where(Plugin.deleted_at.is_(None), wanted)
    )
    rows = await connection.execute(
        _with_control()
        .where(wanted)
        .ext(distinct_on(Plugin.name))
        .order_by(Plugin.name, Plugin.id.desc())
        .offset(skip)
        .limit(limit)
    )
    return total or 0, rows.all()


async def add(
    connection: AsyncConnection, manifest: PluginManifest, *, digest: str, created_by: int
) -> int | None:
    """Add a plugin version and return its id, or None when its name and version are taken."""
    plugin_id: int | None = await connection.scalar(
        insert(Plugin)
        .values(
            name=manifest.name,
            version=manifest.version,
            digest=digest,
            manifest=manifest.model_dump(mode="json"),
            trains=manifest.trains and manifest.trains.model_dump(),
            created_by=created_by,
        )
        .on_conflict_do_nothing(index_elements=[Plugin.name, Plugin.version])
        .returning(Plugin.id)
    )
    return plugin_id


async def lock_owner(
    connection: AsyncConnection, name: str, *, claimed_by: int | None = None
) -> AnyRow | None:
    """Return the id and address of a name's owner; the name stays theirs until the transaction ends.

    A name that nobody has registered is given to `claimed_by`; without that the answer is None. Of two who
    claim it at once the second waits for the first.
    """
    first = (
        select(Plugin.created_by).where(Plugin.name == name).order_by(Plugin.id).limit(1).scalar_subquery()
    )
    # A process of an older release, still running during an upgrade, registers names without an owner.
    claim = select(literal(name), func.coalesce(first, claimed_by).label("owner_id")).subquery()
    await connection.execute(
        insert(PluginOwner)
        .from_select(["plugin_name", "owner_id"], select(claim).where(claim.c.owner_id.is_not(None)))
        .on_conflict_do_nothing(index_elements=[PluginOwner.plugin_name])
    )
    return (
        await connection.execute(
            select(User.id, User.email)
            .join(PluginOwner, PluginOwner.owner_id == User.id)
            .where(PluginOwner.plugin_name == name)
            .with_for_update(of=PluginOwner)
        )
    ).one_or_none()


async def set_owner(connection: AsyncConnection, name: str, owner_id: int) -> None:
    """Give a name to another account."""
    await connection.execute(
        update(PluginOwner).where(PluginOwner.plugin_name == name).values(owner_id=owner_id)
    )


async def lock_registered(connection: AsyncConnection, name: str, version: str) -> AnyRow:
    """Return the id, digest and deletion of a registered version, deleted ones too, and lock it."""
    return (
        await connection.execute(
            select(Plugin.id, Plugin.digest, Plugin.deleted_at)
            .where(Plugin.name == name, Plugin.version == version)
            .with_for_update()
        )
    ).one()


async def restore(connection: AsyncConnection, plugin_id: int) -> None:
    """Take back a deletion."""
    await connection.execute(update(Plugin).where(Plugin.id == plugin_id).values(deleted_at=None))


async def has_unfinished_jobs(connection: AsyncConnection, plugin_ids: Sequence[int]) -> bool:
    """Tell whether any job of these versions is queued or processing."""
    # The states are written out, so that the planner sees that the index of unfinished jobs applies.
    unfinished = Job.status.in_(bindparam("states", UNFINISHED, expanding=True, literal_execute=True))
    return bool(await connection.scalar(select(exists().where(unfinished, Job.plugin_id.in_(plugin_ids)))))


async def mark_deleted(connection: AsyncConnection, plugin_ids: Sequence[int]) -> None:
    """Hide versions from now on; their jobs keep referring to them."""
    await connection.execute(update(Plugin).where(Plugin.id.in_(plugin_ids)).values(deleted_at=func.now()))


async def set_control(connection: AsyncConnection, name: str, **values: Any) -> None:
    """Set what operators decide for a plugin name."""
    await connection.execute(
        insert(PluginControl)
        .values(plugin_name=name, **values)
        .on_conflict_do_update(index_elements=[PluginControl.plugin_name], set_=values)
    )


async def put_report(
    connection: AsyncConnection, plugin_id: int, report: Report, *, tested_at: datetime, sent_by: int
) -> None:
    """Keep the report of a version in place of the last one."""
    values = {
        "passed": report.is_clean,
        "findings": report.count,
        "tested_at": tested_at,
        "report": report.bounded().model_dump(mode="json"),
        "sent_by": sent_by,
    }
    await connection.execute(
        insert(PluginReport)
        .values(plugin_id=plugin_id, **values)
        .on_conflict_do_update(
            index_elements=[PluginReport.plugin_id], set_=values | {"received_at": func.now()}
        )
    )


async def find_report(connection: AsyncConnection, plugin_id: int) -> dict[str, Any] | None:
    """Return the report of a version, if it has one."""
    found: dict[str, Any] | None = await connection.scalar(
        select(PluginReport.report).where(PluginReport.plugin_id == plugin_id)
    )
    return found
