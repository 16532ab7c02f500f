"""All SQL about evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import ModelEvaluation, ModelVersion


def _evaluations(version_id: int) -> Select[*tuple[Any, ...]]:
    columns = (
        ModelEvaluation.id,
        ModelVersion.version,
        ModelEvaluation.data_digest,
        ModelEvaluation.data_name,
        ModelEvaluation.metrics,
        ModelEvaluation.job_id,
        ModelEvaluation.created_by,
        ModelEvaluation.created_at,
    )
    return (
        select(*columns)
        .join(ModelVersion, ModelVersion.id == ModelEvaluation.model_version_id)
        .where(ModelVersion.id == version_id)
        .order_by(ModelEvaluation.id.desc())
    )


async def find_newest(connection: AsyncConnection, version_id: int, data_digest: str) -> AnyRow | None:
    """Return the newest evaluation of a version on some data, or None."""
    query = _evaluations(version_id).where(ModelEvaluation.data_digest == data_digest).limit(1)
    return (await connection.execute(query)).one_or_none()


async def list_page(
    connection: AsyncConnection, version_id: int, *, skip: int, limit: int
) -> tuple[int, Sequence[AnyRow]]:
    """Return the number of a version's evaluations and a page of them, newest first."""
    counted = select(func.count()).where(ModelEvaluation.model_version_id == version_id)
    total = await connection.scalar(counted) or 0
    rows = await connection.execute(_evaluations(version_id).offset(skip).limit(limit))
    return total, rows.all()


async def add(connection: AsyncConnection, **columns: Any) -> None:
    """Add an evaluation."""
    await connection.execute(insert(ModelEvaluation).values(**columns))


async def remove(connection: AsyncConnection, version_id: int, evaluation_id: int) -> AnyRow | None:
    """Delete an evaluation and return its data and metrics, None where there is none."""
    deleted = await connection.execute(
        delete(ModelEvaluation)
        .where(ModelEvaluation.model_version_id == version_id, ModelEvaluation.id == evaluation_id)
        .returning(ModelEvaluation.data_digest, ModelEvaluation.metrics)
    )
    return deleted.one_or_none()
