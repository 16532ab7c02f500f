"""What changes files, each on a connection, so that more can join its transaction."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection
from operation_server.database.rows import AnyRow
from operation_server.files import repository
from operation_server.files.errors import FileInUse, FileNotFound, StorageQuotaReached, UploadExpired
from operation_server.files.uses import repository as uses
from operation_server.trail.actions import Action
from operation_server.trail.recording import record


async def begin_upload(
    connection: AsyncConnection,
    owner_id: int,
    *,
    name: str,
    media_type: str,
    announced_bytes: int,
    stored_bytes_max: int,
    expires_in_s: float,
) -> tuple[str, int]:
    """Make a file of an account's that is uploading; return its id and how many bytes it may have.

    Raises:
        StorageQuotaReached: it would be more than the account may store.
    """
    used = await repository.lock_used_bytes(connection, owner_id)
    if used + announced_bytes > stored_bytes_max:
        raise StorageQuotaReached
    file_id = uuid.uuid4().hex
    await repository.add(
        connection,
        id=file_id,
        object_key=file_id,
        owner_id=owner_id,
        name=name,
        media_type=media_type,
        size_bytes=announced_bytes,
        expires_in_s=expires_in_s,
    )
    return file_id, stored_bytes_max - used


async def complete_upload(
    connection: AsyncConnection,
    owner_id: int,
    file_id: str,
    *,
    size_bytes: int,
    sha256: str,
    stored_bytes_max: int,
    expires_in_s: float,
) -> AnyRow:
    """Make a file ready whose bytes are stored.

    Raises:
        StorageQuotaReached: with others that came meanwhile it is more than its owner may store.
        UploadExpired: it is not there any more.
    """
    async with held_to_quota(connection, owner_id, stored_bytes_max=stored_bytes_max):
        row = await repository.complete(
            connection, file_id, size_bytes=size_bytes, sha256=sha256, expires_in_s=expires_in_s
        )
        if row is None:
            raise UploadExpired
    return row


@contextlib.asynccontextmanager
async def held_to_quota(
    connection: AsyncConnection, owner_id: int, *, stored_bytes_max: int
) -> AsyncIterator[None]:
    """Let what is done in the block not bring an account beyond its quota; who was beyond it may stay there.

    Raises:
        StorageQuotaReached: it did, with what came meanwhile.
    """
    used = await repository.lock_used_bytes(connection, owner_id)
    yield
    if await repository.lock_used_bytes(connection, owner_id) > max(used, stored_bytes_max):
        raise StorageQuotaReached


async def delete(connection: AsyncConnection, caller: Account, file_id: str) -> None:
    """Delete a file; its bytes go after the commit.

    Raises:
        FileNotFound: there is none that the caller may delete.
        FileInUse: a job that has not ended needs it, or a version of a model.
    """
    row = await repository.lock_ready(connection, file_id)
    if row is None or row.owner_id not in require(caller, Permission.CHANGE_FILES):
        raise FileNotFound
    job_id = await uses.find_user(connection, file_id)
    if job_id is not None:
        raise FileInUse(f"Job {job_id} uses the file; delete it once that has ended, or cancel it.")
    model = await uses.find_model(connection, file_id)
    if model is not None:
        raise FileInUse(f"The model {model} has the file; delete that version first.")
    await repository.mark_deleting(connection, file_id)
    await record(connection, caller, Action.DELETE_FILE, file_id, name=row.name)
