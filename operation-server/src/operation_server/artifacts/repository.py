"""All SQL that reads artifacts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.files.repository import COLUMNS, FileState
from operation_server.models import JobArtifact, StoredFile

READY = (
    select(*COLUMNS, JobArtifact.name.label("artifact"), StoredFile.id.label("file_id"))
    .join(StoredFile, StoredFile.id == JobArtifact.file_id)
    .where(StoredFile.state == FileState.READY.value)
)
"""Artifacts of all jobs; only an attempt that completed has any that are ready."""


async def list_ready(connection: AsyncConnection, job_id: int) -> Sequence[AnyRow]:
    """Return the artifacts of a job that can be read, by name."""
    query = READY.where(JobArtifact.job_id == job_id).order_by(JobArtifact.name)
    return (await connection.execute(query)).all()


async def find_ready(connection: AsyncConnection, job_id: int, name: str) -> AnyRow | None:
    """Return the file of an artifact that can be read, or None."""
    query = READY.where(JobArtifact.job_id == job_id, JobArtifact.name == name)
    return (await connection.execute(query)).one_or_none()
