"""Compares the storage of files with the database, after both were brought back from different moments."""

from __future__ import annotations

from dataclasses import dataclass

from operation_server.database.connections import AsyncConnection
from operation_server.files import repository
from operation_server.files.storage import FileStorage


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesCompared:
    """What is on one side only."""

    missing: list[str]
    """Ids of files whose bytes are not there."""
    unknown: list[str]
    """Keys of objects that belong to no file."""


async def compare_files(connection: AsyncConnection, storage: FileStorage) -> FilesCompared:
    """Return what differs, while nobody stores files.

    Raises:
        StorageUnavailable: the storage does not answer.
    """
    stored = {key async for key in storage.list_keys()}
    known = await repository.list_known_objects(connection)
    return FilesCompared(
        missing=sorted(row.file_id for row in known if row.is_ready and row.object_key not in stored),
        unknown=sorted(stored - {row.object_key for row in known}),
    )
