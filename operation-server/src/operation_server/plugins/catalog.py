"""Finds the plugin version that a job is for, fast."""

from __future__ import annotations

from dataclasses import dataclass

from cachetools import TTLCache
from pydantic import ValidationError

from operation_server.database.connections import Connections
from operation_server.database.rows import AnyRow
from operation_server.plugins import repository
from operation_server.plugins.errors import PluginNotFound, PluginUnreadable
from operation_server.plugins.file_places import with_references
from operation_server.plugins.json_schema import InputValidator, SchemaChecks
from operation_server.problems import Violation
from satellite.contracts.file_reference import takes_files
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.requires import Requires

CACHED_S = 2.0
"""Another API process may submit to the former latest version for this long."""
MOST_CACHED = 1_000


@dataclass(frozen=True, kw_only=True)
class RegisteredPlugin:
    """A plugin version that jobs can be submitted to."""

    id: int
    digest: str
    manifest: PluginManifest
    is_paused: bool
    max_running: int | None
    """The operators' limit; the manifest may have a lower one."""
    input_validator: InputValidator
    takes_files: bool = False
    """Its input may refer to files."""

    def requires_violations(self, requires: Requires, *, at: str) -> list[Violation]:
        """Return where what a job requires does not only narrow what the plugin requires."""
        has_gpus = self.manifest.resources.gpus > 0
        conflicts = self.manifest.requires.conflicts(requires, has_gpus=has_gpus)
        return [Violation(f"{at}{pointer}", reason) for pointer, reason in conflicts]


class PluginCatalog:
    """Remembers plugin versions for a moment."""

    def __init__(self, connections: Connections, schemas: SchemaChecks) -> None:
        self._connections = connections
        self._schemas = schemas
        self._known: TTLCache[tuple[str, str | None], RegisteredPlugin] = TTLCache(MOST_CACHED, CACHED_S)

    async def get(self, name: str, version: str | None = None) -> RegisteredPlugin:
        """Return a plugin version, the newest registration unless `version` is given.

        Raises:
            PluginNotFound: there is none, or it was deleted.
            PluginUnreadable: its stored manifest is none for this release.
        """
        try:
            # Not `get`, which takes ten times as long (2026-11-25).
            return self._known[name, version]
        except KeyError:
            row = await self._find(name, version)
        # No connection is held while a schema is measured, which may take 0.2 s.
        plugin = self._known[name, version] = await self._read(row, name, version)
        return plugin

    def forget(self) -> None:
        """Forget everything that a registration or deletion may have changed."""
        self._known.clear()

    async def _find(self, name: str, version: str | None) -> AnyRow | None:
        async with self._connections.connect() as connection:
            return await repository.find(connection, name, version)

    async def _read(self, row: AnyRow | None, name: str, version: str | None) -> RegisteredPlugin:
        if row is None:
            wanted = name if version is None else f"{name} version {version}"
            raise PluginNotFound(f"There is no plugin {wanted}.")
        try:
            manifest = PluginManifest.of_stored(row.manifest)
        except ValidationError as error:
            raise PluginUnreadable(
                f"This release cannot read the stored manifest of {name} version {row.version}; "
                "register the plugin under a new version."
            ) from error
        return RegisteredPlugin(
            id=row.id,
            digest=row.digest,
            manifest=manifest,
            is_paused=row.is_paused,
            max_running=row.max_running,
            input_validator=await self._schemas.validator(
                f"{manifest.name} {manifest.version}", row.digest, with_references(manifest.input_schema)
            ),
            takes_files=takes_files(manifest.input_schema),
        )
