"""All SQL about models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    JSON,
    ColumnElement,
    Select,
    and_,
    delete,
    func,
    insert,
    literal_column,
    null,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from operation_server.database.rows import AnyRow
from operation_server.models import (
    Job,
    Model,
    ModelAlias,
    ModelFile,
    ModelRollout,
    ModelVersion,
    Plugin,
    User,
)
from satellite.contracts.model_version import CHAMPION, ModelReference

_ALIASES: Final = literal_column(
    """
    coalesce((SELECT json_object_agg(a.alias, v.version ORDER BY a.alias)
              FROM model_aliases AS a JOIN model_versions AS v ON v.id = a.model_version_id
              WHERE a.model_id = models.id), '{}'::json)
    """,
    JSON,
).label("aliases")
_FILES: Final = literal_column(
    """
    coalesce((SELECT json_agg(json_build_object('role', m.role, 'file_id', f.id, 'size_bytes', f.size_bytes,
                                                'sha256', f.sha256) ORDER BY m.role)
              FROM model_files AS m JOIN files AS f ON f.id = m.file_id
              WHERE m.model_version_id = model_versions.id), '[]'::json)
    """,
    JSON,
).label("files")
_NAMED: Final = literal_column(
    """
    coalesce((SELECT json_agg(a.alias ORDER BY a.alias) FROM model_aliases AS a
              WHERE a.model_version_id = model_versions.id), '[]'::json)
    """,
    JSON,
).label("aliases")
_OPEN_JOB: Final = text("""
    SELECT id FROM jobs WHERE model_version_id = :id AND status IN ('queued', 'processing') LIMIT 1
""")

_LOCK_ASKED: Final = text("""
    SELECT j.id AS job_id, j.model ->> 'name' AS name, v.version, v.deleted_at IS NOT NULL AS is_deleted
    FROM jobs AS j JOIN model_versions AS v ON v.id = j.model_version_id
    WHERE j.id = ANY(CAST(:job_ids AS bigint[])) ORDER BY v.id FOR KEY SHARE OF v
""")


def _models() -> Select[*tuple[Any, ...]]:
    latest = (
        select(func.max(ModelVersion.version))
        .where(ModelVersion.model_id == Model.id, ModelVersion.deleted_at.is_(None))
        .scalar_subquery()
    )
    columns = (Model.id, Model.name, Model.description, Model.signature, Model.digest, Model.owner_id)
    return select(*columns, Model.created_at, latest.label("latest_version"), _ALIASES)


def _versions() -> Select[*tuple[Any, ...]]:
    columns = (
        ModelVersion.id,
        Model.name.label("model_name"),
        ModelVersion.version,
        ModelVersion.digest,
        ModelVersion.metrics,
        ModelVersion.plugin_id,
        Plugin.name.label("plugin_name"),
        Plugin.version.label("plugin_version"),
        Plugin.digest.label("plugin_digest"),
        ModelVersion.job_id,
        ModelVersion.created_by,
        ModelVersion.created_at,
    )
    return (
        select(*columns, _FILES, _NAMED)
        .join(Model, Model.id == ModelVersion.model_id)
        .join(Plugin, Plugin.id == ModelVersion.plugin_id)
        .where(ModelVersion.deleted_at.is_(None))
    )


async def find(connection: AsyncConnection, name: str) -> AnyRow | None:
    """Return a model, or None."""
    return (await connection.execute(_models().where(Model.name == name))).one_or_none()


async def list_page(connection: AsyncConnection, *, skip: int, limit: int) -> tuple[int, Sequence[AnyRow]]:
    """Return the number of models and a page of them, by name."""
    total = await connection.scalar(select(func.count()).select_from(Model)) or 0
    rows = await connection.execute(_models().order_by(Model.name).offset(skip).limit(limit))
    return total, rows.all()


async def add(connection: AsyncConnection, **columns: Any) -> bool:
    """Add a model; False when its name is taken."""
    added = await connection.scalar(
        upsert(Model)
        .values(**columns)
        .on_conflict_do_nothing(index_elements=[Model.name])
        .returning(Model.id)
    )
    return added is not None


async def lock_owner(connection: AsyncConnection, name: str) -> AnyRow | None:
    """Return a model's id, its owner and their address, or None; nobody else changes what there is of it."""
    return (
        await connection.execute(
            select(Model.id, Model.owner_id, User.email)
            .join(User, User.id == Model.owner_id)
            .where(Model.name == name)
            .with_for_update(of=Model)
        )
    ).one_or_none()


async def set_owner(connection: AsyncConnection, model_id: int, owner_id: int) -> None:
    """Give a locked model to an account."""
    await connection.execute(update(Model).where(Model.id == model_id).values(owner_id=owner_id))


async def find_version(connection: AsyncConnection, name: str, version: int) -> AnyRow | None:
    """Return a version that was not deleted, or None."""
    query = _versions().where(Model.name == name, ModelVersion.version == version)
    return (await connection.execute(query)).one_or_none()


async def find_asked(connection: AsyncConnection, reference: ModelReference) -> AnyRow | None:
    """Return the version that a request means, its model's signature and the rollout of its alias, or None.

    Where it names neither a version nor an alias, that is the champion, or else the newest.
    """
    query = _versions().add_columns(
        Model.signature, Model.digest.label("model_digest"), _running_rollout(reference)
    )
    query = query.where(Model.name == reference.name)
    if reference.version is not None:
        query = query.where(ModelVersion.version == reference.version)
    else:
        named = and_(
            ModelAlias.model_version_id == ModelVersion.id, ModelAlias.alias == (reference.alias or CHAMPION)
        )
        query = query.join(ModelAlias, named, isouter=reference.alias is None)
        query = query.order_by(ModelAlias.alias.is_(None), ModelVersion.version.desc()).limit(1)
    return (await connection.execute(query)).one_or_none()


def _running_rollout(reference: ModelReference) -> ColumnElement[Any]:
    """Return the id, the candidate and the percent of the rollout of an alias; null for a version."""
    if reference.version is not None:
        return null().label("rollout")
    candidate = aliased(ModelVersion)
    told = func.json_build_object(
        "id", ModelRollout.id, "candidate", candidate.version, "percent", ModelRollout.settings["percent"],
        type_=JSON,
    )  # fmt: skip
    return (
        select(told)
        .join(candidate, candidate.id == ModelRollout.candidate_id)
        .where(
            ModelRollout.model_id == Model.id,
            ModelRollout.stable_id == ModelVersion.id,
            ModelRollout.alias == (reference.alias or CHAMPION),
            ModelRollout.status == "running",
        )
        .scalar_subquery()
        .label("rollout")
    )


async def find_same(
    connection: AsyncConnection, model_id: int, *, digest: str, plugin_id: int, job_id: int | None
) -> AnyRow | None:
    """Return the newest version that has the same content, plugin and job, or None."""
    same: list[ColumnElement[bool]] = [
        ModelVersion.model_id == model_id,
        ModelVersion.digest == digest,
        ModelVersion.plugin_id == plugin_id,
        ModelVersion.job_id.is_not_distinct_from(job_id),
    ]
    query = _versions().where(*same).order_by(ModelVersion.version.desc()).limit(1)
    return (await connection.execute(query)).one_or_none()


async def list_versions(
    connection: AsyncConnection, name: str, *, skip: int, limit: int
) -> tuple[int, Sequence[AnyRow]]:
    """Return the number of a model's versions and a page of them, newest first."""
    wanted = _versions().where(Model.name == name)
    total = await connection.scalar(
        select(func.count())
        .select_from(ModelVersion)
        .join(Model, Model.id == ModelVersion.model_id)
        .where(Model.name == name, ModelVersion.deleted_at.is_(None))
    )
    page = wanted.order_by(ModelVersion.version.desc()).offset(skip).limit(limit)
    return total or 0, (await connection.execute(page)).all()


async def add_version(
    connection: AsyncConnection, model_id: int, *, files: Mapping[str, str], **columns: Any
) -> int:
    """Add a version of a locked model and return its number; `files` are ids by role."""
    # Deleted ones count: a number never means something else.
    newest = await connection.scalar(
        select(func.max(ModelVersion.version)).where(ModelVersion.model_id == model_id)
    )
    version = (newest or 0) + 1
    version_id = await connection.scalar(
        insert(ModelVersion).values(model_id=model_id, version=version, **columns).returning(ModelVersion.id)
    )
    await connection.execute(
        insert(ModelFile),
        [{"model_version_id": version_id, "role": role, "file_id": each} for role, each in files.items()],
    )
    return version


async def lock_version(connection: AsyncConnection, version_id: int) -> None:
    """Let no job begin to ask a version until the transaction ends."""
    await connection.execute(select(ModelVersion.id).where(ModelVersion.id == version_id).with_for_update())


async def hold_version(connection: AsyncConnection, version_id: int) -> bool:
    """Tell whether a version is there, and keep it from being deleted until the transaction ends."""
    found = await connection.scalar(
        select(ModelVersion.id)
        .where(ModelVersion.id == version_id, ModelVersion.deleted_at.is_(None))
        .with_for_update(read=True, key_share=True)
    )
    return found is not None


async def list_deleted(connection: AsyncConnection, job_ids: Sequence[int]) -> list[AnyRow]:
    """Return which of some jobs ask versions that were deleted; others stay until the transaction ends."""
    rows = await connection.execute(_LOCK_ASKED, {"job_ids": list(job_ids)})
    return [row for row in rows if row.is_deleted]


async def find_open_job(connection: AsyncConnection, version_id: int) -> int | None:
    """Return a job that has not ended and asks a version, or None."""
    found: int | None = await connection.scalar(_OPEN_JOB, {"id": version_id})
    return found


async def delete_version(connection: AsyncConnection, version_id: int) -> None:
    """Hide a version from now on, and let go of its files; its jobs keep referring to it."""
    await connection.execute(delete(ModelFile).where(ModelFile.model_version_id == version_id))
    await connection.execute(
        update(ModelVersion).where(ModelVersion.id == version_id).values(deleted_at=func.now())
    )


async def find_alias(connection: AsyncConnection, name: str, alias: str) -> AnyRow | None:
    """Return an alias, or None."""
    query = (
        select(ModelAlias.alias, ModelVersion.version, ModelAlias.moved_by, ModelAlias.moved_at)
        .join(ModelVersion, ModelVersion.id == ModelAlias.model_version_id)
        .join(Model, Model.id == ModelAlias.model_id)
        .where(Model.name == name, ModelAlias.alias == alias)
    )
    return (await connection.execute(query)).one_or_none()


async def delete_alias(connection: AsyncConnection, model_id: int, alias: str) -> bool:
    """Forget an alias; False when there is none."""
    gone = await connection.scalar(
        delete(ModelAlias)
        .where(ModelAlias.model_id == model_id, ModelAlias.alias == alias)
        .returning(ModelAlias.alias)
    )
    return gone is not None


async def hold_job(connection: AsyncConnection, job_id: int) -> None:
    """Keep a job, if it is there, until the transaction ends."""
    held = select(Job.id).where(Job.id == job_id).with_for_update(read=True, key_share=True)
    await connection.execute(held)


async def find_making_job(connection: AsyncConnection, job_id: int) -> AnyRow | None:
    """Return what a card tells of a job, or None."""
    columns = (
        Job.id,
        Job.plugin_name,
        Job.plugin_version,
        Job.status,
        Job.owner_id,
        Job.created_at,
        Job.completed_at,
        Job.timings["ran"].as_float().label("ran_ms"),
        Job.worker,
        Job.attempt,
        Job.input_data,
    )
    return (await connection.execute(select(*columns).where(Job.id == job_id))).one_or_none()
