"""All SQL about files."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import delete, func, insert, literal, select, text, union, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from operation_server.database.rows import AnyRow
from operation_server.models import FilePart, StoredFile, User
from operation_server.models.job_states import active


class FileState(StrEnum):
    """What became of a file so far."""

    UPLOADING = "uploading"
    READY = "ready"
    DELETING = "deleting"


COLUMNS = (
    StoredFile.id,
    StoredFile.owner_id,
    StoredFile.object_key,
    StoredFile.name,
    StoredFile.media_type,
    StoredFile.size_bytes,
    StoredFile.sha256,
    StoredFile.created_at,
    StoredFile.expires_at,
)

UNREADY: Final = StoredFile.state != FileState.READY.value
UNFINISHED_USE: Final = """
    FROM file_uses AS u JOIN jobs AS j ON j.id = u.job_id WHERE j.status IN ('queued', 'processing')
"""
"""SQL of the uses of files by jobs that have not ended."""

_UNUSED: Final = f"""NOT EXISTS (SELECT 1 {UNFINISHED_USE} AND u.file_id = files.id)
    AND NOT EXISTS (SELECT 1 FROM model_files AS m WHERE m.file_id = files.id)"""  # noqa: S608 - as below.

LOCK_EXPIRED: Final = text(f"""
    SELECT id FROM files WHERE expires_at < now() AND state <> 'deleting' AND {_UNUSED}
    ORDER BY expires_at LIMIT :limit FOR UPDATE OF files SKIP LOCKED
""")  # noqa: S608 - only a constant of this module goes in.

# A statement of its own, and so with a newer look: a use that was committed while the first one ran counts.
MARK_UNUSED: Final = text(f"""
    UPDATE files SET state = 'deleting' WHERE id = ANY(CAST(:ids AS text[])) AND {_UNUSED}
""")  # noqa: S608 - only a constant of this module goes in.


# A worker may bring artifacts before the transaction has ended that made its attempt the newest.
MARK_ABANDONED: Final = text(f"""
    UPDATE files SET state = 'deleting', expires_at = now()
    FROM artifacts AS a JOIN jobs AS j ON j.id = a.job_id
    WHERE a.file_id = files.id AND files.state = 'uploading'
      AND (j.attempt > a.attempt OR j.attempt = a.attempt AND NOT {active("j")})
""")  # noqa: S608 - only a constant of this program goes in.


async def lock_used_bytes(connection: AsyncConnection, owner_id: int) -> int:
    """Return how many bytes an account's files have or have announced, and keep it so.

    Whoever else asks waits until the transaction ends.
    """
    # Not for update, which new jobs of the account would wait for.
    await connection.execute(select(User.id).where(User.id == owner_id).with_for_update(key_share=True))
    used = await connection.scalar(
        select(func.coalesce(func.sum(StoredFile.size_bytes), 0)).where(
            StoredFile.owner_id == owner_id, StoredFile.state != FileState.DELETING.value
        )
    )
    return int(used or 0)


async def add(connection: AsyncConnection, *, expires_in_s: float, **columns: Any) -> None:
    """Add a file that is uploading."""
    await connection.execute(insert(StoredFile).values(expires_at=_from_now(expires_in_s), **columns))


async def complete(
    connection: AsyncConnection, file_id: str, *, size_bytes: int, sha256: str, expires_in_s: float
) -> AnyRow | None:
    """Make a file ready and return it, or None when it is no longer uploading."""
    return (
        await connection.execute(
            update(StoredFile)
            .where(StoredFile.id == file_id, StoredFile.state == FileState.UPLOADING.value)
            .values(
                state=FileState.READY.value,
                size_bytes=size_bytes,
                sha256=sha256,
                expires_at=_from_now(expires_in_s),
            )
            .returning(*COLUMNS)
        )
    ).one_or_none()


async def find_ready(connection: AsyncConnection, file_id: str) -> AnyRow | None:
    """Return a file that can be read, or None."""
    return (
        await connection.execute(
            select(*COLUMNS).where(StoredFile.id == file_id, StoredFile.state == FileState.READY.value)
        )
    ).one_or_none()


async def list_page(
    connection: AsyncConnection, *, owner_id: int | None, skip: int, limit: int
) -> tuple[int, Sequence[AnyRow]]:
    """Return the number of files that are ready and a page of them, newest first."""
    wanted = [StoredFile.state == FileState.READY.value]
    if owner_id is not None:
        wanted.append(StoredFile.owner_id == owner_id)
    total = await connection.scalar(select(func.count()).select_from(StoredFile).where(*wanted)) or 0
    rows = await connection.execute(
        select(*COLUMNS)
        .where(*wanted)
        .order_by(StoredFile.created_at.desc(), StoredFile.id)
        .offset(skip)
        .limit(limit)
    )
    return total, rows.all()


async def lock_ready(connection: AsyncConnection, file_id: str) -> AnyRow | None:
    """Return a file that can be read, or None; no job can begin to use it until the transaction ends."""
    return (
        await connection.execute(
            select(*COLUMNS)
            .where(StoredFile.id == file_id, StoredFile.state == FileState.READY.value)
            .with_for_update()
        )
    ).one_or_none()


async def mark_deleting(connection: AsyncConnection, file_id: str) -> None:
    """Let nobody read a file any more."""
    await connection.execute(
        update(StoredFile)
        .where(StoredFile.id == file_id)
        .values(state=FileState.DELETING.value, expires_at=func.now())
    )


async def mark_expired(connection: AsyncConnection, *, limit: int) -> None:
    """Let nobody read files any more whose time has come and which neither a job nor a model needs."""
    ids = list(await connection.scalars(LOCK_EXPIRED, {"limit": limit}))
    if ids:
        await connection.execute(MARK_UNUSED, {"ids": ids})


async def mark_abandoned(connection: AsyncConnection) -> None:
    """Let artifacts go whose attempt has ended without them: it failed, was lost, or is tried again."""
    await connection.execute(MARK_ABANDONED)


async def list_deleting(
    connection: AsyncConnection, *, after: str, limit: int, kept_s: float = 0
) -> list[str]:
    """Return ids of files whose bytes are to go, because their time came `kept_s` ago, beyond `after`."""
    due = [StoredFile.state == FileState.DELETING.value, StoredFile.id > after]
    if kept_s:
        due.append(StoredFile.expires_at < _from_now(-kept_s))
    rows = await connection.scalars(select(StoredFile.id).where(*due).order_by(StoredFile.id).limit(limit))
    return list(rows)


async def list_objects(connection: AsyncConnection, file_id: str) -> list[str]:
    """Return the keys of all that the storage may hold of a file that is not ready."""
    own = select(StoredFile.object_key).where(StoredFile.id == file_id, UNREADY)
    parts = (
        select(FilePart.object_key)
        .join(StoredFile, StoredFile.id == FilePart.file_id)
        .where(StoredFile.id == file_id, UNREADY)
    )
    return list(await connection.scalars(union(own, parts)))


async def list_known_objects(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Return all that the storage may hold: the key, and of whole files the id and that they are ready."""
    whole = select(
        StoredFile.object_key,
        StoredFile.id.label("file_id"),
        (StoredFile.state == FileState.READY.value).label("is_ready"),
    )
    parts = select(FilePart.object_key, FilePart.file_id, literal(False).label("is_ready"))  # noqa: FBT003
    return (await connection.execute(union_all(whole, parts))).all()


async def remove(connection: AsyncConnection, file_id: str) -> None:
    """Forget a file whose bytes are gone."""
    await connection.execute(delete(StoredFile).where(StoredFile.id == file_id, UNREADY))


def _from_now(seconds: float) -> Any:
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
