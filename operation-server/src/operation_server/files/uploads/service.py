"""The rules about uploads that go on where they broke off.

Each chunk is an object of its own, which counts once the row says so: of two senders at the same offset the
first one wins, so there is no lock that a dead connection could keep. What came of a chunk before its sender
went counts too, unless a checksum was to hold for the whole of it. With the last chunk all are put together
into the object of the file.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Final

import structlog
from starlette.requests import ClientDisconnect

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.body_limit import BodyTooLarge
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.rows import AnyRow
from operation_server.files.changes import begin_upload, complete_upload
from operation_server.files.intake import Intake
from operation_server.files.removal import remove_file_or_leave_it, remove_parts
from operation_server.files.repository import FileState, mark_deleting
from operation_server.files.storage import FileStorage, nothing, require_storage
from operation_server.files.uploads import repository
from operation_server.files.uploads.errors import ChecksumMismatch, OffsetMismatch, UploadNotFound
from operation_server.files.uploads.protocol import Checksum
from operation_server.limits.user_limits import LimitsOfUsers
from operation_server.settings import FileSettings

DAY_S: Final = 86_400

log = structlog.get_logger(__name__)


class UploadService:
    """Takes files in pieces."""

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

    async def create(self, caller: Account, *, name: str, media_type: str, size_bytes: int) -> AnyRow:
        """Begin an upload; one of no bytes is a file at once.

        Raises:
            StorageMissing: there are no files here.
            BodyTooLarge: no file may be so large.
            StorageQuotaReached: it is more than the caller may store.
        """
        require(caller, Permission.CHANGE_FILES)
        storage = require_storage(self._storage)
        if size_bytes > self._settings.max_bytes:
            raise BodyTooLarge(self._settings.max_bytes)
        stored_bytes_max = (await self._users.of(caller.id)).stored_bytes
        async with self._connections.begin() as connection:
            file_id, _ = await begin_upload(
                connection,
                caller.id,
                name=name,
                media_type=media_type,
                announced_bytes=size_bytes,
                stored_bytes_max=stored_bytes_max,
                expires_in_s=self._settings.upload_ttl_s,
            )
            upload = await repository.start(connection, file_id)
        if not size_bytes:
            await self._take(storage, upload, nothing(), None)
        return await self.get(caller, file_id)

    async def get(self, caller: Account, file_id: str) -> AnyRow:
        """Return an upload of the caller's, complete or not.

        Raises:
            UploadNotFound: there is none that the caller may continue.
        """
        async with self._connections.connect() as connection:
            upload = await repository.find(connection, file_id)
        if upload is None or upload.owner_id not in require(caller, Permission.CHANGE_FILES):
            raise UploadNotFound
        return upload

    async def append(
        self,
        caller: Account,
        file_id: str,
        *,
        offset: int,
        checksum: Checksum | None,
        chunks: AsyncIterator[bytes],
    ) -> AnyRow:
        """Go on at an offset, and return the upload as it is then; with its last byte the file is ready.

        Raises:
            UploadNotFound: there is none that the caller may continue.
            OffsetMismatch: it is at another offset, or another sender was faster.
            BodyTooLarge: there are more bytes than were announced.
            ChecksumMismatch: the checksum is that of other bytes.
        """
        storage = require_storage(self._storage)
        upload = await self.get(caller, file_id)
        if upload.state != FileState.UPLOADING or upload.received_bytes != offset:
            raise OffsetMismatch
        await self._take(storage, upload, chunks, checksum)
        return await self.get(caller, file_id)

    async def terminate(self, caller: Account, file_id: str) -> None:
        """Give an upload up.

        Raises:
            UploadNotFound: there is none that the caller may continue, or it is complete.
        """
        storage = require_storage(self._storage)
        upload = await self.get(caller, file_id)
        if upload.state != FileState.UPLOADING:
            raise UploadNotFound
        async with self._connections.begin() as connection:
            await mark_deleting(connection, file_id)
        await remove_file_or_leave_it(self._connections.transactions, storage, file_id)

    async def _take(
        self, storage: FileStorage, upload: AnyRow, chunks: AsyncIterator[bytes], checksum: Checksum | None
    ) -> None:
        """Store a chunk and let it count."""
        offset: int = upload.received_bytes
        intake = Intake(bytes_max=upload.size_bytes - offset)
        pending: list[str] = []
        try:
            wanted = checked(chunks, checksum) if checksum else until_left(chunks)
            part = await self._put(storage, upload, intake.of(wanted), pending)
            if offset + intake.size_bytes == upload.size_bytes:
                await self._finish(storage, upload, part, intake, pending)
            elif intake.size_bytes:
                async with self._connections.begin() as connection:
                    await count_part(connection, upload, part, intake.size_bytes)
                pending.clear()
        finally:
            await asyncio.shield(self._drop(storage, pending))

    async def _finish(
        self, storage: FileStorage, upload: AnyRow, last: str, intake: Intake, pending: list[str]
    ) -> None:
        """Put an upload together, and let its file be ready."""
        async with self._connections.connect() as connection:
            parts = await repository.list_parts(connection, upload.id)
        whole, last_bytes = last, intake.size_bytes
        if parts:
            intake = Intake(bytes_max=upload.size_bytes)
            objects = [*((part.object_key, part.size_bytes) for part in parts), (last, last_bytes)]
            whole = await self._put(storage, upload, intake.of(in_a_row(storage, objects)), pending)
        async with self._connections.begin() as connection:
            await count_part(connection, upload, last, last_bytes)
            await complete_upload(
                connection,
                upload.owner_id,
                upload.id,
                size_bytes=upload.size_bytes,
                sha256=intake.sha256,
                # It was counted when the upload began.
                stored_bytes_max=0,
                expires_in_s=self._settings.kept_days * DAY_S,
            )
            await repository.take_object(connection, upload.id, whole)
        pending[:] = [last, *(part.object_key for part in parts)] if parts else []

    async def _put(
        self, storage: FileStorage, upload: AnyRow, chunks: AsyncIterator[bytes], pending: list[str]
    ) -> str:
        """Store an object that does not count yet, and return its key."""
        key = uuid.uuid4().hex
        async with self._connections.begin() as connection:
            await repository.add_part(connection, upload.id, key)
        pending.append(key)
        await storage.put(key, chunks)
        return key

    async def _drop(self, storage: FileStorage, object_keys: Sequence[str]) -> None:
        """Remove objects that are of no use; what cannot be removed now is left to the sweeper."""
        try:
            await remove_parts(self._connections.transactions, storage, object_keys)
        except Exception:
            log.exception("parts of an upload are left to the sweeper", object_keys=object_keys)


async def count_part(connection: AsyncConnection, upload: AnyRow, object_key: str, size_bytes: int) -> None:
    """Let a part count.

    Raises:
        OffsetMismatch: another sender was faster.
    """
    start_byte: int = upload.received_bytes
    if not await repository.advance(
        connection, upload.id, object_key, start_byte=start_byte, size_bytes=size_bytes
    ):
        raise OffsetMismatch


async def until_left(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what comes before the sender goes."""
    with contextlib.suppress(ClientDisconnect):
        async for chunk in chunks:
            yield chunk


async def checked(chunks: AsyncIterator[bytes], checksum: Checksum) -> AsyncIterator[bytes]:
    """Yield the chunks.

    Raises:
        ChecksumMismatch: at their end, when all of them together have another checksum.
    """
    hasher = checksum.hasher()
    async for chunk in chunks:
        hasher.update(chunk)
        yield chunk
    if not checksum.is_of(hasher):
        raise ChecksumMismatch


async def in_a_row(storage: FileStorage, objects: Sequence[tuple[str, int]]) -> AsyncIterator[bytes]:
    """Yield the bytes of objects of these keys and sizes, one after the other."""
    for key, size_bytes in objects:
        if size_bytes:
            async for chunk in await storage.open(key, start=0, end=size_bytes):
                yield chunk
