"""What the dispatcher knows of plugin versions; their rows never change, so they are read once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from satellite.contracts.plugin_manifest import PluginResources

LOAD = text("""
    SELECT id, name, digest, manifest::text AS manifest_json, manifest -> 'resources' AS resources,
           CAST(manifest ->> 'max_running' AS bigint) AS max_running,
           CAST(manifest #>> '{batch,max_size}' AS bigint) AS batch_size
    FROM plugins WHERE id = ANY(CAST(:ids AS bigint[]))
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginVersion:
    """What dispatching a job of a plugin version takes."""

    plugin_id: int
    name: str
    digest: str
    manifest_json: str
    resources: PluginResources
    max_running: int | None
    batch_size: int | None = None
    """Most jobs that are gathered into one call of its server, if they are."""

    @property
    def needs_gpu(self) -> bool:
        """Tell whether its jobs go to the queue of workers with graphics cards."""
        return self.resources.gpus > 0


@dataclass(slots=True)
class PluginCatalog:
    """The plugin versions met so far, by id."""

    versions: dict[int, PluginVersion] = field(default_factory=dict)

    def load(self, connection: Connection, plugin_ids: Iterable[int]) -> None:
        """Read the versions not known yet."""
        missing = set(plugin_ids) - self.versions.keys()
        if not missing:
            return
        for row in connection.execute(LOAD, {"ids": list(missing)}):
            self.versions[row.id] = PluginVersion(
                plugin_id=row.id,
                name=row.name,
                digest=row.digest,
                manifest_json=row.manifest_json,
                resources=PluginResources.model_validate(row.resources or {}),
                max_running=row.max_running,
                batch_size=row.batch_size,
            )
