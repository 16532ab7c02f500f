"""All SQL about files of attempts."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, delete, exists, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.files.repository import COLUMNS, FileState, mark_deleting
from operation_server.models import FileUse, Job, JobArtifact, ModelFile, Plugin, StoredFile
from operation_server.models.job_states import active, waiting
from operation_server.models.pushed_values import ITEMS, STEPS_AND_JOBS
from satellite.contracts.attempt_files import PUSHED_PREFIX
from satellite.contracts.identity import AttemptKey

# A worker may ask before the transaction has ended that made its attempt the newest.
UNDER_WAY: Final = f"""(
    jobs.attempt = :attempt AND {active("jobs")} OR jobs.attempt + 1 = :attempt AND {waiting("jobs")}
)"""
"""SQL that is true of a job whose attempt is the newest, and has not ended."""

FIND_PUSHED: Final = text(f"""
    SELECT jobs.owner_id, jobs.created_at, CAST(f.value ->> 'name' AS text) AS name,
           f.value ->> 'sha256' AS sha256, (
        SELECT convert_to({ITEMS}, 'UTF8') FROM {STEPS_AND_JOBS}
        WHERE s.run_id = jobs.run_id AND s.status = 'completed' AND s.task = :task
    ) AS content
    FROM jobs CROSS JOIN LATERAL json_array_elements(jobs.input_files) AS f
    WHERE jobs.id = :job_id AND jobs.uid = :uid AND {UNDER_WAY}
      AND f.value ->> 'id' = '{PUSHED_PREFIX}' || :task
""")  # noqa: S608 - only constants of this program go in.

_IN_ITS_INPUT: Final = exists().where(FileUse.file_id == StoredFile.id, FileUse.job_id == Job.id)
_OF_ITS_MODEL: Final = exists().where(
    ModelFile.file_id == StoredFile.id, ModelFile.model_version_id == Job.model_version_id
)


async def find_input(connection: AsyncConnection, key: AttemptKey, file_id: str) -> AnyRow | None:
    """Return a file that an attempt which has not ended may read, or None."""
    query = (
        select(*COLUMNS)
        .join(Job, Job.id == key.job_id)
        .where(
            StoredFile.id == file_id,
            StoredFile.state == FileState.READY.value,
            Job.uid == key.uid,
            or_(_IN_ITS_INPUT, _OF_ITS_MODEL),
            text(UNDER_WAY).bindparams(bindparam("attempt", key.attempt)),
        )
    )
    return (await connection.execute(query)).one_or_none()


async def find_pushed(connection: AsyncConnection, key: AttemptKey, task: str) -> AnyRow | None:
    """Return what a task of the run of an attempt's job has pushed, if that attempt has not ended."""
    wanted = {"job_id": key.job_id, "uid": key.uid, "attempt": key.attempt, "task": task}
    return (await connection.execute(FIND_PUSHED, wanted)).one_or_none()


async def find_job(connection: AsyncConnection, key: AttemptKey) -> AnyRow | None:
    """Return whose job an attempt is of, and whether it trains a model.

    None unless it is the newest and has not ended.
    """
    query = (
        select(Job.owner_id, Plugin.trains.is_not(None).label("trains"))
        .join(Plugin, Plugin.id == Job.plugin_id)
        .where(
            Job.id == key.job_id,
            Job.uid == key.uid,
            text(UNDER_WAY).bindparams(bindparam("attempt", key.attempt)),
        )
    )
    return (await connection.execute(query)).one_or_none()


async def find_artifact(connection: AsyncConnection, key: AttemptKey, name: str) -> AnyRow | None:
    """Return what an attempt has brought under a name, or None; without a digest it has not all come."""
    query = (
        select(JobArtifact.name, StoredFile.id.label("file_id"), StoredFile.size_bytes, StoredFile.sha256)
        .join(StoredFile, StoredFile.id == JobArtifact.file_id)
        .where(*_of(key), JobArtifact.name == name)
    )
    return (await connection.execute(query)).one_or_none()


async def count_artifacts(connection: AsyncConnection, key: AttemptKey) -> int:
    """Return how many artifacts an attempt has brought, or begun to bring."""
    return await connection.scalar(select(func.count()).select_from(JobArtifact).where(*_of(key))) or 0


async def add_artifact(connection: AsyncConnection, key: AttemptKey, name: str, file_id: str) -> None:
    """Note that a file is an artifact of an attempt, instead of another one of that name."""
    before = await connection.scalar(
        delete(JobArtifact).where(*_of(key), JobArtifact.name == name).returning(JobArtifact.file_id)
    )
    if before is not None:
        await mark_deleting(connection, before)
    await connection.execute(
        insert(JobArtifact).values(job_id=key.job_id, attempt=key.attempt, name=name, file_id=file_id)
    )


async def note_content(connection: AsyncConnection, file_id: str, *, size_bytes: int, sha256: str) -> bool:
    """Note what has come of a file; False when it is not wanted any more. It is ready with its job."""
    noted = await connection.execute(
        update(StoredFile)
        .where(StoredFile.id == file_id, StoredFile.state == FileState.UPLOADING.value)
        .values(size_bytes=size_bytes, sha256=sha256)
        .returning(StoredFile.id)
    )
    return noted.one_or_none() is not None


async def note_document(connection: AsyncConnection, file_id: str, document: dict[str, Any]) -> None:
    """Keep what an artifact tells."""
    await connection.execute(
        update(JobArtifact).where(JobArtifact.file_id == file_id).values(document=document)
    )


def _of(key: AttemptKey) -> tuple[ColumnElement[bool], ...]:
    return (JobArtifact.job_id == key.job_id, JobArtifact.attempt == key.attempt)
