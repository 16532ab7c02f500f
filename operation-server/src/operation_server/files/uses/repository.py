"""All SQL about which jobs use which files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.files.repository import UNFINISHED_USE, FileState
from operation_server.models import FileUse, StoredFile

FIND_USER: Final = text(f"SELECT u.job_id {UNFINISHED_USE} AND u.file_id = :file_id LIMIT 1")

FIND_MODEL: Final = text("""
    SELECT m.name || '@' || v.version FROM model_files AS f
    JOIN model_versions AS v ON v.id = f.model_version_id JOIN models AS m ON m.id = v.model_id
    WHERE f.file_id = :file_id LIMIT 1
""")

LIST_INPUTS: Final = text("""
    SELECT j.id AS job_id, f.value ->> 'id' AS file_id, f.value -> 'pointers' AS pointers
    FROM jobs AS j CROSS JOIN LATERAL json_array_elements(j.input_files) AS f
    WHERE j.id = ANY(CAST(:job_ids AS bigint[])) AND j.input_files IS NOT NULL
    ORDER BY j.id
""")


async def lock_ready(connection: AsyncConnection, file_ids: Sequence[str]) -> dict[str, AnyRow]:
    """Return those of some files that are there, by id; they stay until the transaction ends.

    Whoever deletes one waits until then, and looks for its uses after that.
    """
    rows = await connection.execute(
        select(StoredFile.id, StoredFile.owner_id, StoredFile.name, StoredFile.size_bytes, StoredFile.sha256)
        .where(StoredFile.id.in_(file_ids), StoredFile.state == FileState.READY.value)
        .order_by(StoredFile.id)
        .with_for_update(read=True, key_share=True)
    )
    return {row.id: row for row in rows}


async def add(connection: AsyncConnection, uses: Sequence[tuple[int, str]]) -> None:
    """Note that jobs use files, each a pair of their ids."""
    await connection.execute(
        insert(FileUse), [{"job_id": job_id, "file_id": file_id} for job_id, file_id in uses]
    )


async def find_user(connection: AsyncConnection, file_id: str) -> int | None:
    """Return a job that has not ended and uses a file, or None."""
    found: int | None = await connection.scalar(FIND_USER, {"file_id": file_id})
    return found


async def find_model(connection: AsyncConnection, file_id: str) -> str | None:
    """Return a version of a model that has a file, as `name@version`, or None."""
    found: str | None = await connection.scalar(FIND_MODEL, {"file_id": file_id})
    return found


async def list_inputs(connection: AsyncConnection, job_ids: Sequence[int]) -> Sequence[AnyRow]:
    """Return the files that the inputs of some jobs refer to, and where; those of most jobs to none."""
    return (await connection.execute(LIST_INPUTS, {"job_ids": list(job_ids)})).all()
