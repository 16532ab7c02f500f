"""Finds the plugin version that a job is for, fast."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pydantic import ValidationError

from operation_server.database.connections import Connections
from operation_server.database.rows import AnyRow
from operation_server.plugins import repository
from operation_server.plugins.errors import PluginNotFound, PluginUnreadable
from operation_server.plugins.json_schema import InputValidator, SchemaChecks
from satellite.contracts.plugin_manifest import PluginManifest

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


class PluginCatalog:
    """Remembers plugin versions for a moment."""

    def __init__(self, connections: Connections, schemas: SchemaChecks) -> None:
        self._connections = connections
        self._schemas = schemas
        self._known: dict[tuple[str, str | None], tuple[float, RegisteredPlugin]] = {}

    async def get(self, name: str, version: str | None = None) -> RegisteredPlugin:
        """Return a plugin version, the newest registration unless `version` is given.

        Raises:
            PluginNotFound: there is none, or it was deleted.
            PluginUnreadable: its stored manifest is none for this release.
        """
        known = self._known.get((name, version))
        if known is not None and known[0] > time.monotonic():
            return known[1]
        async with self._connections.connect() as connection:
            row = await repository.find(connection, name, version)
        # No connection is held while a schema is measured, which may take 0.2 s.
        plugin = await self._read(row, name, version)
        if len(self._known) >= MOST_CACHED:
            self._known.clear()
        self._known[name, version] = (time.monotonic() + CACHED_S, plugin)
        return plugin

    def forget(self) -> None:
        """Forget everything that a registration or deletion may have changed."""
        self._known.clear()

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
                f"{manifest.name} {manifest.version}", row.digest, manifest.input_schema
            ),
        )
