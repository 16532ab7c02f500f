"""Deletes files whose time has come, uploads that nobody finished, and what a deletion left behind."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from operation_server.database.engine import AsyncEngine
from operation_server.faults import is_outage
from operation_server.files import repository
from operation_server.files.errors import StorageUnavailable
from operation_server.files.removal import remove_file, remove_parts
from operation_server.files.storage import FileStorage
from operation_server.files.uploads import repository as uploads

SWEEP_EVERY_S: Final = 60.0
AT_ONCE: Final = 500

log = structlog.get_logger(__name__)


class FileSweeper:
    """Works while its process leads."""

    def __init__(self, engine: AsyncEngine, storage: FileStorage, *, kept_s: float = 0) -> None:
        """Keep the bytes of deleted files for `kept_s`, for a database that is brought back to before."""
        self._engine = engine
        self._storage = storage
        self._kept_s = kept_s

    async def run(self) -> None:
        """Sweep again and again; what cannot be deleted is tried at the next round and stops nothing."""
        while True:
            try:
                await self.sweep()
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("files cannot be swept", error=str(error))
            await asyncio.sleep(SWEEP_EVERY_S)

    async def sweep(self) -> int:
        """Delete what is to go, and return how many files that were."""
        async with self._engine.begin() as connection:
            await repository.mark_expired(connection, limit=AT_ONCE)
            await repository.mark_abandoned(connection)
        await self._sweep_parts()
        swept, after = 0, ""
        while True:
            async with self._engine.connect() as connection:
                ids = await repository.list_deleting(
                    connection, after=after, limit=AT_ONCE, kept_s=self._kept_s
                )
            for file_id in ids:
                swept += await self._remove(file_id)
            if len(ids) < AT_ONCE:
                return swept
            after = ids[-1]

    async def _sweep_parts(self) -> None:
        async with self._engine.connect() as connection:
            leftovers = await uploads.list_leftovers(connection, limit=AT_ONCE)
        try:
            await remove_parts(self._engine, self._storage, leftovers)
        except StorageUnavailable as error:
            log.warning("parts of uploads cannot be deleted", error=str(error))

    async def _remove(self, file_id: str) -> bool:
        try:
            await remove_file(self._engine, self._storage, file_id)
        except StorageUnavailable as error:
            log.warning("the bytes of a file cannot be deleted", file_id=file_id, error=str(error))
            return False
        return True
