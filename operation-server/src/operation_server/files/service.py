"""The rules about files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.database.rows import AnyRow
from operation_server.files import changes, repository
from operation_server.files.errors import FileNotFound
from operation_server.files.intake import Intake
from operation_server.files.ranges import Part, parse_range
from operation_server.files.removal import remove_file_or_leave_it
from operation_server.files.schemas import FileList, FileRead
from operation_server.files.storage import FileStorage, nothing, require_storage
from operation_server.limits.user_limits import LimitsOfUsers
from operation_server.settings import FileSettings

DAY_S = 86_400


class Download(NamedTuple):
    """A file, the part of it that is sent (None: the whole), and the bytes of that."""

    file: FileRead
    part: Part | None
    chunks: AsyncIterator[bytes]


class FileService:
    """Stores, lists, reads and deletes files."""

    def __init__(
        self,
        connections: Connections,
        storage: FileStorage | None,
        users: LimitsOfUsers,
        settings: FileSettings,
    ) -> None:
        self._connections = connections
        self._storage = storage
        self._users = users
        self._settings = settings

    async def upload(
        self,
        caller: Account,
        *,
        name: str,
        media_type: str,
        announced_bytes: int | None,
        wanted_sha256: str | None,
        chunks: AsyncIterator[bytes],
    ) -> FileRead:
        """Store a file as its bytes come; of one that is broken off or refused nothing stays.

        Raises:
            StorageMissing, StorageUnavailable: it cannot be stored.
            StorageQuotaReached: it is more than the caller may store.
            DigestMismatch: its SHA-256 is not the wanted one.
        """
        require(caller, Permission.CHANGE_FILES)
        storage = require_storage(self._storage)
        most = (await self._users.of(caller.id)).stored_bytes
        async with self._connections.begin() as connection:
            file_id, room = await changes.begin_upload(
                connection,
                caller.id,
                name=name,
                media_type=media_type,
                announced_bytes=announced_bytes or 0,
                stored_bytes_max=most,
                expires_in_s=self._settings.upload_ttl_s,
            )
        intake = Intake(bytes_max=min(self._settings.max_bytes, room))
        try:
            await storage.put(file_id, intake.of(chunks))
            intake.require(wanted_sha256)
            async with self._connections.begin() as connection:
                row = await changes.complete_upload(
                    connection,
                    caller.id,
                    file_id,
                    size_bytes=intake.size_bytes,
                    sha256=intake.sha256,
                    stored_bytes_max=most,
                    expires_in_s=self._settings.kept_days * DAY_S,
                )
        except BaseException:
            await asyncio.shield(remove_file_or_leave_it(self._connections.transactions, storage, file_id))
            raise
        return FileRead.model_validate(row)

    async def get(self, caller: Account, file_id: str) -> FileRead:
        """Return what is known of a file of the caller's.

        Raises:
            FileNotFound: there is none that the caller may see.
        """
        return FileRead.model_validate(await self._find(caller, file_id))

    async def open(
        self, caller: Account, file_id: str, *, wanted: str | None, if_range: str | None
    ) -> Download:
        """Return a file of the caller's to be read: the part that a `Range` asks for, else the whole.

        Raises:
            FileNotFound: there is none that the caller may see.
            RangeUnsatisfiable: the file ends before that part.
            StorageMissing, StorageUnavailable: it cannot be read.
        """
        storage = require_storage(self._storage)
        row = await self._find(caller, file_id)
        return await open_file(storage, row, wanted=wanted, if_range=if_range)

    async def list_page(self, caller: Account, *, skip: int, limit: int) -> FileList:
        """Return a page of the caller's files, newest first; for admins of everybody's."""
        owner_id = require(caller, Permission.READ_FILES).owner_id
        async with self._connections.connect() as connection:
            total, rows = await repository.list_page(connection, owner_id=owner_id, skip=skip, limit=limit)
        return FileList(total=total, items=[FileRead.model_validate(row) for row in rows])

    async def delete(self, caller: Account, file_id: str) -> None:
        """Delete a file of the caller's.

        Raises:
            FileNotFound: there is none that the caller may delete.
            FileInUse: a job that has not ended needs it.
        """
        storage = require_storage(self._storage)
        async with self._connections.begin() as connection:
            await changes.delete(connection, caller, file_id)
        if not self._settings.recoverable_days:
            await remove_file_or_leave_it(self._connections.transactions, storage, file_id)

    async def _find(self, caller: Account, file_id: str) -> AnyRow:
        async with self._connections.connect() as connection:
            row = await repository.find_ready(connection, file_id)
        if row is None or row.owner_id not in require(caller, Permission.READ_FILES):
            raise FileNotFound
        return row


async def open_file(
    storage: FileStorage, row: AnyRow, *, wanted: str | None, if_range: str | None
) -> Download:
    """Return the file of a row to be read: the part that a `Range` asks for, else the whole.

    Raises:
        RangeUnsatisfiable: the file ends before that part.
        StorageUnavailable: it cannot be read.
    """
    file = FileRead.model_validate(row)
    part = parse_range(wanted, file.size_bytes) if if_range in {None, file.etag} else None
    start, end = part or (0, file.size_bytes)
    # The storage has no range of no bytes.
    chunks = await storage.open(row.object_key, start=start, end=end) if end else nothing()
    return Download(file, part, chunks)
