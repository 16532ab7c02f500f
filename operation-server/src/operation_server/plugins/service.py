"""The rules about plugins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from operation_server.accounts.account import Account
from operation_server.accounts.errors import AdminRequired
from operation_server.database.connections import Connections
from operation_server.database.rows import AnyRow
from operation_server.plugins import repository
from operation_server.plugins.catalog import PluginCatalog
from operation_server.plugins.errors import (
    PluginInUse,
    PluginInvalid,
    PluginNotFound,
    PluginNotYours,
    PluginVersionTaken,
)
from operation_server.plugins.json_schema import schema_violations
from satellite.contracts.plugin_manifest import PluginManifest


class PluginService:
    """Registers, lists, deletes and controls plugins."""

    def __init__(self, connections: Connections, catalog: PluginCatalog) -> None:
        self._connections = connections
        self._catalog = catalog

    async def register(self, caller: Account, manifest: PluginManifest) -> tuple[AnyRow, bool]:
        """Register a version and return it, and whether that made it available.

        The same content again changes nothing; a deleted version with the same content comes back.

        Raises:
            PluginInvalid: a schema of it is not valid.
            AdminRequired: it relaxes the container template and the caller is not an admin.
            PluginVersionTaken: its name and version exist with other content.
        """
        violations = [
            *schema_violations("input_schema", manifest.input_schema),
            *schema_violations("output_schema", manifest.output_schema),
        ]
        if violations:
            raise PluginInvalid(violations)
        if manifest.needs_admin and not caller.is_admin:
            raise AdminRequired(
                "Only an admin may register a plugin with `network`, `secrets` or `batch.across_owners`."
            )
        digest = manifest.digest()
        async with self._connections.begin() as connection:
            added = await repository.add(connection, manifest, digest=digest, created_by=caller.id)
            made = added is not None
            if not made:
                registered = await repository.lock_registered(connection, manifest.name, manifest.version)
                if registered.digest != digest:
                    raise PluginVersionTaken(
                        f"{manifest.name} version {manifest.version} exists with other content; "
                        "register the change under a new version."
                    )
                if registered.deleted_at is not None:
                    await repository.restore(connection, registered.id)
                    made = True
            row = await repository.find(connection, manifest.name, manifest.version)
        self._catalog.forget()
        if row is None:
            raise PluginNotFound
        return row, made

    async def get(self, name: str, version: str | None) -> AnyRow:
        """Return a plugin version, the newest registration unless `version` is given."""
        async with self._connections.connect() as connection:
            row = await repository.find(connection, name, version)
        if row is None:
            raise PluginNotFound(f"There is no plugin {name}" + (f" version {version}." if version else "."))
        return row

    async def list_latest(self, *, name: str | None, skip: int, limit: int) -> tuple[int, Sequence[AnyRow]]:
        """Return the number of plugins and a page of the newest version of each."""
        async with self._connections.connect() as connection:
            return await repository.list_latest(connection, name=name, skip=skip, limit=limit)

    async def list_versions(self, name: str) -> Sequence[AnyRow]:
        """Return all versions of a plugin, newest registration first."""
        async with self._connections.connect() as connection:
            rows = await repository.list_versions(connection, name)
        if not rows:
            raise PluginNotFound(f"There is no plugin {name}.")
        return rows

    async def delete(self, caller: Account, name: str, version: str | None) -> None:
        """Delete one version, or all; finished jobs keep referring to them.

        Raises:
            PluginNotFound: there is no such plugin.
            PluginNotYours: the caller neither registered all of them nor is an admin.
            PluginInUse: a job of them is queued or processing.
        """
        async with self._connections.begin() as connection:
            rows = [
                row
                for row in await repository.list_versions(connection, name)
                if version is None or row.version == version
            ]
            if not rows:
                raise PluginNotFound(
                    f"There is no plugin {name}" + (f" version {version}." if version else ".")
                )
            if not caller.is_admin and any(row.created_by != caller.id for row in rows):
                raise PluginNotYours
            ids = [row.id for row in rows]
            if await repository.has_unfinished_jobs(connection, ids):
                raise PluginInUse
            await repository.mark_deleted(connection, ids)
        self._catalog.forget()

    async def control(self, caller: Account, name: str, **values: Any) -> AnyRow:
        """Set `is_paused` or `max_running` of a plugin name and return its latest version; for admins.

        The dispatcher sees it at its next poll.
        """
        caller.require_admin()
        row = await self.get(name, None)
        async with self._connections.begin() as connection:
            await repository.set_control(connection, name, **values)
        self._catalog.forget()
        return await self.get(name, row.version)
