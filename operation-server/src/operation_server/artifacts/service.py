"""Shows what jobs have written to who may see the jobs."""

from __future__ import annotations

from operation_server.accounts.access import visible_to
from operation_server.accounts.account import Account
from operation_server.artifacts import repository
from operation_server.artifacts.errors import ArtifactNotFound
from operation_server.artifacts.schemas import ArtifactList, ArtifactRead
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.files.service import Download, open_file
from operation_server.files.storage import FileStorage, require_storage
from operation_server.jobs.access import within
from operation_server.jobs.repository import find_head


class ArtifactService:
    """Lists and reads artifacts."""

    def __init__(self, connections: Connections, storage: FileStorage | None) -> None:
        self._connections = connections
        self._storage = storage

    async def list_all(self, caller: Account, job_id: int) -> ArtifactList:
        """Return the artifacts of a job; none before it has completed.

        Raises:
            JobNotFound, JobNotYours: it is none that the caller may see.
        """
        async with self._connections.connect() as connection:
            await self._require_visible(connection, caller, job_id)
            rows = await repository.list_ready(connection, job_id)
        items = [ArtifactRead.model_validate({**row._asdict(), "name": row.artifact}) for row in rows]
        return ArtifactList(total=len(items), items=items)

    async def open(
        self, caller: Account, job_id: int, name: str, *, wanted: str | None, if_range: str | None
    ) -> Download:
        """Return an artifact to be read: the part that a `Range` asks for, else the whole.

        Raises:
            JobNotFound, JobNotYours: the job is none that the caller may see.
            ArtifactNotFound: it has no such artifact.
            RangeUnsatisfiable: the file ends before that part.
            StorageMissing, StorageUnavailable: it cannot be read.
        """
        async with self._connections.connect() as connection:
            await self._require_visible(connection, caller, job_id)
            row = await repository.find_ready(connection, job_id, name)
        if row is None:
            raise ArtifactNotFound
        return await open_file(require_storage(self._storage), row, wanted=wanted, if_range=if_range)

    @staticmethod
    async def _require_visible(connection: AsyncConnection, caller: Account, job_id: int) -> None:
        within(visible_to(caller), await find_head(connection, job_id), job_id)
