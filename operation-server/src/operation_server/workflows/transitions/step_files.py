"""Files among the inputs of steps: held like those of any job, as long as that has not ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, text

from operation_server.accounts.access import Extent, Permission, extent_of
from operation_server.jobs.submission.input_files import MOST_FILES
from operation_server.workflows.errors import StepRefused
from satellite.contracts.attempt_files import InputFile, pushed_task

OWNER: Final = text("SELECT id, role FROM users WHERE id = :id")
# They stay until the transaction ends; whoever deletes one looks for its uses after that.
HOLD: Final = text("""
    SELECT id, owner_id, name, size_bytes, sha256 FROM files
    WHERE id = ANY(CAST(:ids AS text[])) AND state = 'ready' ORDER BY id FOR KEY SHARE
""")
USE: Final = text("""
    INSERT INTO file_uses (job_id, file_id)
    SELECT u.job_id, u.file_id FROM json_to_recordset(CAST(:uses AS json)) AS u(job_id bigint, file_id text)
""")


def hold_step_files(
    connection: Connection, owner_id: int, references: Mapping[str, Sequence[str]]
) -> list[InputFile]:
    """Return what is known of the files that an input refers to, which stay until the transaction ends.

    Raises:
        StepRefused: there are too many, or one that the owner of the run does not see.
    """
    if not references:
        return []
    if len(references) > MOST_FILES:
        raise StepRefused(f"input refers to {len(references)} files; at most {MOST_FILES} are taken")
    owner = connection.execute(OWNER, {"id": owner_id}).one()
    rows = connection.execute(HOLD, {"ids": sorted(references)}).all()
    found = {row.id: row for row in rows if _sees(owner, row)}
    for file_id, pointers in references.items():
        if file_id not in found:
            raise StepRefused(f"input{pointers[0]}: there is no file {file_id[:64]!r}")
    return [_known(found[file_id], pointers) for file_id, pointers in references.items()]


def use_step_files(connection: Connection, jobs: Iterable[tuple[int, Sequence[InputFile]]]) -> None:
    """Let files stay that jobs need, until these have ended."""
    uses = [
        {"job_id": job_id, "file_id": file.id}
        for job_id, files in jobs
        for file in files
        if pushed_task(file.id) is None
    ]
    if uses:
        connection.execute(USE, {"uses": orjson.dumps(uses).decode()})


def _sees(owner: Row[Any], file: Row[Any]) -> bool:
    extent = extent_of(owner.role, Permission.READ_FILES)
    return extent is Extent.ALL or (extent is Extent.OWN and file.owner_id == owner.id)


def _known(row: Row[Any], pointers: Sequence[str]) -> InputFile:
    return InputFile(
        id=row.id, pointers=list(pointers), name=row.name, size_bytes=row.size_bytes, sha256=row.sha256
    )
