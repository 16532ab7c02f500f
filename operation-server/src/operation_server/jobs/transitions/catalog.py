"""What the dispatcher knows of plugin versions; their rows never change, so they are read once."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, Field, field_validator
from sqlalchemy import Connection, Row, text

from satellite.contracts.plugin_manifest import PluginResources
from satellite.contracts.requires import ANYWHERE, Requires

TRY_AGAIN_S = 30.0
"""A version that cannot be read is left alone for so long."""

DEMANDS: Final = """
    json_build_object(
        'resources', p.manifest -> 'resources', 'max_running', p.manifest -> 'max_running',
        'batch_size', p.manifest #> '{batch,max_size}', 'requires', p.manifest -> 'requires'
    )::text AS demands_json
"""
"""SQL of a version's `PluginDemands`: text, so that a value nobody expects fails for this version alone."""

LOAD = text(f"""
    SELECT id, name, digest, manifest::text AS manifest_json, {DEMANDS}
    FROM plugins AS p WHERE id = ANY(CAST(:ids AS bigint[]))
""")  # noqa: S608 - only a constant of this module goes in.


class PluginDemands(BaseModel):
    """What of a manifest decides when its jobs are dispatched; read more leniently than registered."""

    resources: PluginResources | None = None
    max_running: int | None = Field(default=None, ge=1)
    batch_size: int | None = Field(default=None, ge=1)
    requires: Requires | None = None

    @field_validator("resources", mode="before")
    @classmethod
    def _within_ranges(cls, stored: Any) -> Any:
        return PluginResources.of_stored(stored) if isinstance(stored, dict) else stored

    @property
    def needs(self) -> PluginResources:
        """Return the resources, the default ones where the manifest names none."""
        return self.resources or PluginResources()

    @property
    def placed_by(self) -> Requires:
        """Return what the worker must be."""
        return self.requires or ANYWHERE


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
    requires: Requires = ANYWHERE

    def requires_of(self, job_requires_json: str) -> Requires:
        """Return what the worker must be for a job that adds something to what the plugin requires.

        Raises:
            ValidationError: it is not understood.
        """
        return self.requires.narrowed_by(Requires.model_validate_json(job_requires_json))


@dataclass(slots=True)
class VersionCatalog:
    """The plugin versions met so far, by id."""

    versions: dict[int, PluginVersion] = field(default_factory=dict)
    faults: dict[int, Exception] = field(default_factory=dict)
    """Why versions cannot be read; their jobs wait, and hold up no others."""
    _try_again_at_s: dict[int, float] = field(default_factory=dict)

    def load(self, connection: Connection, plugin_ids: Iterable[int]) -> None:
        """Read the versions not known yet."""
        now_s = time.monotonic()
        missing = [
            plugin_id
            for plugin_id in set(plugin_ids) - self.versions.keys()
            if self._try_again_at_s.get(plugin_id, now_s) <= now_s
        ]
        if not missing:
            return
        for row in connection.execute(LOAD, {"ids": missing}):
            try:
                self.versions[row.id] = _version(row)
                self.faults.pop(row.id, None)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this version's alone
                self.faults[row.id] = error
                self._try_again_at_s[row.id] = now_s + TRY_AGAIN_S


def _version(row: Row[tuple[object, ...]]) -> PluginVersion:
    demands = PluginDemands.model_validate_json(row.demands_json)
    return PluginVersion(
        plugin_id=row.id,
        name=row.name,
        digest=row.digest,
        manifest_json=row.manifest_json,
        resources=demands.needs,
        max_running=demands.max_running,
        batch_size=demands.batch_size,
        requires=demands.placed_by,
    )
