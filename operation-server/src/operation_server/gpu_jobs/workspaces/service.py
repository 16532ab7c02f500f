"""Shows what jobs have on clusters to who may see the jobs; all of it comes from the database."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from operation_server.accounts.access import visible_to
from operation_server.accounts.account import Account
from operation_server.artifacts import repository as artifacts
from operation_server.artifacts.errors import ArtifactNotFound
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.rows import AnyRow
from operation_server.files.service import Download, open_file
from operation_server.files.storage import FileStorage, require_storage
from operation_server.gpu_jobs.workspaces import repository
from operation_server.gpu_jobs.workspaces.errors import WorkspaceNotFound
from operation_server.gpu_jobs.workspaces.schemas import (
    FilePlace,
    JobFileList,
    JobFileRead,
    MetricSeries,
    MetricSeriesList,
    WorkspaceList,
    WorkspaceRead,
)
from operation_server.jobs.access import within
from operation_server.jobs.repository import find_head


class WorkspaceService:
    """Lists and reads files of jobs, and tells of their folders and metrics."""

    def __init__(self, connections: Connections, storage: FileStorage | None) -> None:
        self._connections = connections
        self._storage = storage

    async def list_files(self, caller: Account, job_id: int) -> JobFileList:
        """Return the files of a job: those that are stored, and those that were last seen on its cluster.

        Raises:
            JobNotFound, JobNotYours: it is none that the caller may see.
        """
        async with self._connections.connect() as connection:
            await _require_visible(connection, caller, job_id)
            stored = await artifacts.list_ready(connection, job_id)
            folders = await repository.list_folders(connection, job_id)
        found = {file.path: file for file in _on_cluster(folders)}
        found |= {row.artifact: _stored(row) for row in stored}
        items = [found[path] for path in sorted(found)]
        return JobFileList(total=len(items), items=items)

    async def open(
        self, caller: Account, job_id: int, path: str, *, wanted: str | None, if_range: str | None
    ) -> Download:
        """Return a stored file of a job to be read: the part that a `Range` asks for, else the whole.

        Raises:
            JobNotFound, JobNotYours: the job is none that the caller may see.
            ArtifactNotFound: it has no such file, or has it on its cluster only.
            RangeUnsatisfiable: the file ends before that part.
            StorageMissing, StorageUnavailable: it cannot be read.
        """
        async with self._connections.connect() as connection:
            await _require_visible(connection, caller, job_id)
            row = await artifacts.find_ready(connection, job_id, path)
            folders = await repository.list_folders(connection, job_id) if row is None else ()
        if row is not None:
            return await open_file(require_storage(self._storage), row, wanted=wanted, if_range=if_range)
        if any(file.path == path for file in _on_cluster(folders)):
            raise ArtifactNotFound(
                "The file is on the cluster only; it is brought here while the job goes on."
            )
        raise ArtifactNotFound

    async def list_folders(self, caller: Account, job_id: int) -> WorkspaceList:
        """Return where a job's attempts have their folders.

        Raises:
            JobNotFound, JobNotYours: it is none that the caller may see.
            WorkspaceNotFound: it has none.
        """
        async with self._connections.connect() as connection:
            await _require_visible(connection, caller, job_id)
            rows = await repository.list_folders(connection, job_id)
        if not rows:
            raise WorkspaceNotFound
        items = [
            WorkspaceRead.model_validate(
                {**row._asdict(), "cluster": row.cluster_name, "look_by": _look_by(row.address, row.folder)}
            )
            for row in rows
        ]
        return WorkspaceList(total=len(items), items=items)

    async def list_series(self, caller: Account, job_id: int) -> MetricSeriesList:
        """Return what a job has measured; nothing of one that has not.

        Raises:
            JobNotFound, JobNotYours: it is none that the caller may see.
        """
        async with self._connections.connect() as connection:
            await _require_visible(connection, caller, job_id)
            rows = await repository.list_series(connection, job_id)
        items = [_series(row) for row in rows]
        return MetricSeriesList(attempt=rows[0].attempt if rows else None, total=len(items), items=items)


async def _require_visible(connection: AsyncConnection, caller: Account, job_id: int) -> None:
    within(visible_to(caller), await find_head(connection, job_id), job_id)


def _on_cluster(folders: Any) -> list[JobFileRead]:
    """Return the files of the newest attempt that was on a cluster."""
    files = (folders[0].files or []) if folders else []
    return [
        JobFileRead(
            path=file["path"],
            size_bytes=file["size_bytes"],
            sha256=file["sha256"] or None,
            place=FilePlace.CLUSTER,
        )
        for file in files
    ]


def _stored(row: AnyRow) -> JobFileRead:
    return JobFileRead(
        path=row.artifact,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        place=FilePlace.STORED,
        file_id=row.file_id,
    )


def _look_by(address: Mapping[str, Any] | None, folder: str | None) -> str | None:
    """Return how somebody with a login there looks into a folder; nothing of it becomes shell syntax."""
    if address is None or folder is None:
        return None
    via = address["via"]
    jump = ["-J", f"{via['user']}@{via['host']}:{via['port']}"] if via else []
    there = shlex.join(["ls", "-la", "--", folder])
    return shlex.join(
        ["ssh", "-p", str(address["port"]), *jump, f"{address['user']}@{address['host']}", there]
    )


def _series(row: AnyRow) -> MetricSeries:
    points = [(step, value, datetime.fromtimestamp(at_s, UTC)) for step, value, at_s in row.points]
    return MetricSeries(name=row.name, points=points, last=points[-1][1])
