"""The deployed versions that runs are advanced by, read once each: they never change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from cachetools import LRUCache
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, text

from operation_server.workflows.graph import WorkflowGraph
from satellite.contracts.workflow import WorkflowDefinition

REMEMBERED: Final = 200

FIND_SCHEMA: Final = text("SELECT manifest -> 'input_schema' AS schema FROM plugins WHERE id = :id")

FIND: Final = text("""
    SELECT v.id, v.workflow_id, v.version, CAST(v.definition AS text) AS definition,
           CAST(v.pins AS text) AS pins
    FROM workflow_versions AS v WHERE v.id = :id
""")


class PluginPin(BaseModel):
    """The plugin version that a task runs with, and what of its manifest a job needs."""

    model_config = ConfigDict(frozen=True)

    plugin_id: int
    name: str
    version: str
    timeout_s: float
    max_retries: int
    queue_ttl_s: float | None = None


class WorkflowPin(BaseModel):
    """The version of another workflow that a task runs."""

    model_config = ConfigDict(frozen=True)

    workflow_id: int
    version_id: int
    version: int


class Pins(BaseModel):
    """What tasks run, by their names."""

    model_config = ConfigDict(frozen=True)

    plugins: dict[str, PluginPin] = {}
    workflows: dict[str, WorkflowPin] = {}


@dataclass(frozen=True, kw_only=True, eq=False)
class DeployedVersion:
    """A version of a workflow."""

    id: int
    workflow_id: int
    version: int
    definition: WorkflowDefinition
    graph: WorkflowGraph
    pins: Pins


class VersionMemory:
    """Remembers versions; those asked for longest ago are forgotten."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._known: LRUCache[int, DeployedVersion] = LRUCache(REMEMBERED)

    def get(self, connection: Connection, version_id: int) -> DeployedVersion:
        """Return a version.

        Raises:
            ValidationError: its definition is none for this release.
        """
        if version_id not in self._known:
            row = connection.execute(FIND, {"id": version_id}).one()
            definition = WorkflowDefinition.model_validate_json(row.definition)
            self._known[version_id] = DeployedVersion(
                id=row.id,
                workflow_id=row.workflow_id,
                version=row.version,
                definition=definition,
                graph=WorkflowGraph.of(definition.tasks),
                pins=Pins.model_validate_json(row.pins),
            )
        return self._known[version_id]


def find_input_schema(connection: Connection, plugin_id: int) -> dict[str, Any]:
    """Return the input schema of a plugin version."""
    schema: dict[str, Any] = connection.execute(FIND_SCHEMA, {"id": plugin_id}).scalar_one()
    return schema
