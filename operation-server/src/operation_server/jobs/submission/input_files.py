"""Files among the inputs of jobs: found when they are submitted, and held as long as they have not ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection
from operation_server.database.rows import AnyRow
from operation_server.files.uses import repository as uses
from operation_server.jobs.errors import InputFilesMissing
from operation_server.jobs.transitions import NewJob
from operation_server.plugins.catalog import RegisteredPlugin
from operation_server.problems import Violation
from operation_server.registry import repository as registry
from satellite.contracts.attempt_files import InputFile
from satellite.contracts.file_reference import find_references

MOST_FILES: Final = 100
"""Of one input: all of them travel in its message."""


def references_of(plugin: RegisteredPlugin, input_data: Any) -> dict[str, list[str]]:
    """Return the ids of the files that an input refers to, each with the JSON pointers of its places."""
    return find_references(input_data) if plugin.takes_files else {}


def too_many_files(references: Mapping[str, Sequence[str]], *, at: str) -> list[Violation]:
    """Return what is wrong with the number of files of an input."""
    if len(references) <= MOST_FILES:
        return []
    return [
        Violation(f"{at}/input_data", f"refers to {len(references)} files; at most {MOST_FILES} are taken")
    ]


async def hold_files(
    connection: AsyncConnection, caller: Account, jobs: Iterable[tuple[str, NewJob]]
) -> list[NewJob]:
    """Return new jobs, each given with its place in the request, with what is known of their files.

    These stay until the transaction ends; `use_files` makes them stay for longer.

    Raises:
        InputFilesMissing: the caller sees no such files; each place is named.
    """
    jobs = list(jobs)
    wanted = {file_id for _, job in jobs for file_id in job.references}
    if not wanted:
        return [job for _, job in jobs]
    reach = require(caller, Permission.READ_FILES)
    found = await uses.lock_ready(connection, sorted(wanted))
    visible = {file_id: row for file_id, row in found.items() if row.owner_id in reach}
    missing = [
        violation
        for at, job in jobs
        for file_id, pointers in job.references.items()
        if file_id not in visible
        for violation in _missing(file_id, pointers, at=at)
    ]
    if missing:
        raise InputFilesMissing(missing)
    return [replace(job, input_files=_known(job.references, visible)) for _, job in jobs]


async def use_files(connection: AsyncConnection, jobs: Iterable[tuple[int, NewJob]]) -> None:
    """Let files stay that are held for jobs, each given with its number, until these have ended."""
    found = [(job_id, file.id) for job_id, job in jobs for file in job.input_files]
    if found:
        await uses.add(connection, found)


async def find_gone(connection: AsyncConnection, job_ids: Sequence[int]) -> dict[int, list[Violation]]:
    """Return which of some jobs cannot run again, because of files or versions of models that are gone.

    What is there stays until the transaction ends.
    """
    inputs = await uses.list_inputs(connection, job_ids)
    found = await uses.lock_ready(connection, sorted({row.file_id for row in inputs})) if inputs else {}
    gone = {
        row.job_id: [Violation("", f"the model {row.name}@{row.version} was deleted")]
        for row in await registry.list_deleted(connection, job_ids)
    }
    for row in inputs:
        if row.file_id not in found:
            gone.setdefault(row.job_id, []).extend(_missing(row.file_id, row.pointers))
    return gone


def _missing(file_id: str, pointers: Iterable[str], *, at: str = "") -> list[Violation]:
    return [
        Violation(f"{at}/input_data{pointer}", f"there is no file {file_id[:64]!r}") for pointer in pointers
    ]


def _known(references: Mapping[str, Sequence[str]], rows: Mapping[str, AnyRow]) -> list[InputFile]:
    return [
        InputFile(
            id=file_id,
            pointers=list(pointers),
            name=rows[file_id].name,
            size_bytes=rows[file_id].size_bytes,
            sha256=rows[file_id].sha256,
        )
        for file_id, pointers in references.items()
    ]
