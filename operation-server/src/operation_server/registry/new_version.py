"""A version before it is registered: its files looked at, its plugin and its job found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from operation_server.accounts.access import Permission, Reach, require, visible_to
from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.database.rows import AnyRow
from operation_server.files import repository as files
from operation_server.files.storage import FileStorage
from operation_server.plugins.catalog import PluginCatalog, RegisteredPlugin
from operation_server.plugins.errors import PluginNotFound
from operation_server.problems import Violation
from operation_server.registry import repository
from operation_server.registry.content import HEAD_BYTES, content_fault
from operation_server.registry.errors import ModelInvalid
from operation_server.registry.schemas import VersionCreate
from satellite.contracts.json_text import json_pointer
from satellite.contracts.model_version import artifact_digest
from satellite.contracts.plugin_manifest import PluginMode


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A version whose parts are all there."""

    plugin_id: int
    files: Mapping[str, str]
    """Ids by role."""
    digest: str
    metrics: dict[str, Any]
    job_id: int | None


class VersionExaminer:
    """Looks at what a version is to be made of, before anything is locked."""

    def __init__(self, connections: Connections, storage: FileStorage, catalog: PluginCatalog) -> None:
        self._connections = connections
        self._storage = storage
        self._catalog = catalog

    async def examine(self, caller: Account, request: VersionCreate) -> NewVersion:
        """Return the version that a request means.

        Raises:
            ModelInvalid: a part is not there, or not what it should be; each is named.
            StorageUnavailable: the files cannot be looked at.
        """
        plugin, found = await self._find_plugin(request)
        rows = await self._find_files(require(caller, Permission.READ_FILES), request)
        found += await self._file_faults(request, rows)
        found += await self._job_faults(visible_to(caller), request.job_id)
        if plugin is None or found:
            raise ModelInvalid(found)
        return NewVersion(
            plugin_id=plugin.id,
            files=request.files,
            digest=artifact_digest({role: row.sha256 for role, row in rows.items()}),
            metrics=request.metrics,
            job_id=request.job_id,
        )

    async def _find_plugin(self, request: VersionCreate) -> tuple[RegisteredPlugin | None, list[Violation]]:
        try:
            plugin = await self._catalog.get(request.plugin_name, request.plugin_version)
        except PluginNotFound as error:
            return None, [Violation("/plugin_name", str(error))]
        if plugin.manifest.mode is not PluginMode.SERVER:
            told = f"{request.plugin_name} is no server: a model is loaded once and asked many times"
            return None, [Violation("/plugin_name", told)]
        return plugin, []

    async def _find_files(self, reach: Reach, request: VersionCreate) -> dict[str, AnyRow]:
        async with self._connections.connect() as connection:
            rows = {
                role: await files.find_ready(connection, file_id) for role, file_id in request.files.items()
            }
        return {role: row for role, row in rows.items() if row is not None and row.owner_id in reach}

    async def _file_faults(self, request: VersionCreate, rows: Mapping[str, AnyRow]) -> list[Violation]:
        found = [file_missing(role, file_id) for role, file_id in request.files.items() if role not in rows]
        for role, row in rows.items():
            fault = content_fault(role, await self._head(row))
            if fault is not None:
                found.append(Violation(json_pointer(("files", role)), fault))
        return found

    async def _head(self, row: AnyRow) -> bytes:
        if not row.size_bytes:
            return b""
        end = min(HEAD_BYTES, row.size_bytes)
        chunks = await self._storage.open(row.object_key, start=0, end=end)
        return b"".join([chunk async for chunk in chunks])

    async def _job_faults(self, reach: Reach, job_id: int | None) -> list[Violation]:
        if job_id is None:
            return []
        async with self._connections.connect() as connection:
            job = await repository.find_making_job(connection, job_id)
        if job is None or job.owner_id not in reach:
            return [job_missing(job_id)]
        return []


def file_missing(role: str, file_id: str) -> Violation:
    """Return what is said of a file that is not there, or somebody else's."""
    return Violation(json_pointer(("files", role)), f"there is no file {file_id[:64]!r}")


def job_missing(job_id: int) -> Violation:
    """Return what is said of a job that is not there, or somebody else's."""
    return Violation("/job_id", f"there is no job {job_id} that you may see")
