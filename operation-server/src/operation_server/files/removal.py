"""Removes the bytes of files, then their rows: in that order, so that no bytes are forgotten."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from operation_server.database.engine import AsyncEngine
from operation_server.files import repository
from operation_server.files.storage import FileStorage
from operation_server.files.uploads import repository as uploads

log = structlog.get_logger(__name__)


async def remove_file(transactions: AsyncEngine, storage: FileStorage, file_id: str) -> None:
    """Remove a file unless it is ready; safe to repeat.

    Raises:
        StorageUnavailable: its bytes may still be there; the sweeper tries again.
    """
    async with transactions.connect() as connection:
        keys = await repository.list_objects(connection, file_id)
    await storage.delete(keys)
    async with transactions.begin() as connection:
        await repository.remove(connection, file_id)


async def remove_file_or_leave_it(transactions: AsyncEngine, storage: FileStorage, file_id: str) -> None:
    """Remove a file unless it is ready; what cannot be removed now is left to the sweeper."""
    try:
        await remove_file(transactions, storage, file_id)
    except Exception:
        log.exception("the bytes of a file are left to the sweeper", file_id=file_id)


async def remove_parts(transactions: AsyncEngine, storage: FileStorage, object_keys: Sequence[str]) -> None:
    """Remove those of some parts of uploads that are of no use; safe to repeat.

    They are looked up, because who lost the connection during a commit does not know whether they count.

    Raises:
        StorageUnavailable: their bytes may still be there; the sweeper tries again.
    """
    if not object_keys:
        return
    async with transactions.connect() as connection:
        useless = await uploads.list_useless(connection, object_keys)
    await storage.delete(useless)
    async with transactions.begin() as connection:
        await uploads.remove_parts(connection, useless)
