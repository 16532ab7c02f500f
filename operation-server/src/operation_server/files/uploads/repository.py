"""All SQL about uploads that go on."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.files.repository import FileState
from operation_server.models import FilePart, StoredFile

_UPLOAD = (
    StoredFile.id,
    StoredFile.owner_id,
    StoredFile.state,
    StoredFile.size_bytes,
    StoredFile.received_bytes,
    StoredFile.expires_at,
)


async def start(connection: AsyncConnection, file_id: str) -> AnyRow:
    """Let an upload go on from its beginning, and return it."""
    statement = update(StoredFile).where(StoredFile.id == file_id).values(received_bytes=0)
    return (await connection.execute(statement.returning(*_UPLOAD))).one()


async def find(connection: AsyncConnection, file_id: str) -> AnyRow | None:
    """Return an upload that may go on, or has come to its end, or None."""
    return (
        await connection.execute(
            select(*_UPLOAD).where(
                StoredFile.id == file_id,
                StoredFile.received_bytes.is_not(None),
                StoredFile.state != FileState.DELETING.value,
            )
        )
    ).one_or_none()


async def add_part(connection: AsyncConnection, file_id: str, object_key: str) -> None:
    """Note an object that is about to be stored."""
    await connection.execute(insert(FilePart).values(file_id=file_id, object_key=object_key))


async def advance(
    connection: AsyncConnection, file_id: str, object_key: str, *, start_byte: int, size_bytes: int
) -> bool:
    """Let a part count; return False when another was faster."""
    moved = await connection.execute(
        update(StoredFile)
        .where(
            StoredFile.id == file_id,
            StoredFile.state == FileState.UPLOADING.value,
            StoredFile.received_bytes == start_byte,
        )
        .values(received_bytes=start_byte + size_bytes)
        .returning(StoredFile.id)
    )
    if moved.one_or_none() is None:
        return False
    await connection.execute(
        update(FilePart)
        .where(FilePart.object_key == object_key)
        .values(start_byte=start_byte, size_bytes=size_bytes)
    )
    return True


async def list_parts(connection: AsyncConnection, file_id: str) -> Sequence[AnyRow]:
    """Return the keys and sizes of the parts that count, in order."""
    rows = await connection.execute(
        select(FilePart.object_key, FilePart.size_bytes)
        .where(FilePart.file_id == file_id, FilePart.start_byte.is_not(None))
        .order_by(FilePart.start_byte)
    )
    return rows.all()


async def take_object(connection: AsyncConnection, file_id: str, object_key: str) -> None:
    """Let the object in which an upload was assembled be that of its file, and no part any more."""
    await connection.execute(update(StoredFile).where(StoredFile.id == file_id).values(object_key=object_key))
    await remove_parts(connection, [object_key])


async def list_leftovers(connection: AsyncConnection, *, limit: int) -> list[str]:
    """Return keys of parts of files that are ready, and so need them no more."""
    rows = await connection.scalars(
        select(FilePart.object_key)
        .join(StoredFile, StoredFile.id == FilePart.file_id)
        .where(StoredFile.state == FileState.READY.value)
        .limit(limit)
    )
    return list(rows)


async def list_useless(connection: AsyncConnection, object_keys: Sequence[str]) -> list[str]:
    """Return those of some parts that count for nothing, or whose file needs them no more."""
    rows = await connection.scalars(
        select(FilePart.object_key)
        .join(StoredFile, StoredFile.id == FilePart.file_id)
        .where(
            FilePart.object_key.in_(object_keys),
            or_(FilePart.start_byte.is_(None), StoredFile.state != FileState.UPLOADING.value),
        )
    )
    return list(rows)


async def remove_parts(connection: AsyncConnection, object_keys: Sequence[str]) -> None:
    """Forget parts whose bytes are gone, or have become a file's."""
    await connection.execute(delete(FilePart).where(FilePart.object_key.in_(object_keys)))
