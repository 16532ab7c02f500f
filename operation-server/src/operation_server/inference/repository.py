"""All SQL about requests to models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.inference.schemas import InferenceResult, InferenceStatus
from operation_server.jobs.repository import document_of
from operation_server.models import Job

MADE: Final[Mapping[str, str]] = {
    "job_id": "jobs.id",
    "model_name": "jobs.model ->> 'name'",
    "model_version": "CAST(jobs.model ->> 'version' AS bigint)",
}
"""The fields of an answer that are not the column of their name."""
_HEAD = (Job.id, Job.owner_id, Job.plugin_name, Job.status, Job.model_version_id)
_STATUS = select(*_HEAD, document_of(InferenceStatus, MADE))
_RESULT = select(*_HEAD, document_of(InferenceResult, MADE))


async def find_status(connection: AsyncConnection, job_id: int) -> AnyRow | None:
    """Return how far a job is as a document, whether or not it asks a model, or None."""
    return (await connection.execute(_STATUS.where(Job.id == job_id))).one_or_none()


async def find_result(connection: AsyncConnection, job_id: int) -> AnyRow | None:
    """Return a job and its result as a document, whether or not it asks a model, or None."""
    return (await connection.execute(_RESULT.where(Job.id == job_id))).one_or_none()
