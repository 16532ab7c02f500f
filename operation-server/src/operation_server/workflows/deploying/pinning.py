"""Finds the versions of plugins and workflows that tasks will run, which a deployed version keeps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.plugins.catalog import PluginCatalog, RegisteredPlugin
from operation_server.plugins.errors import PluginNotFound, PluginUnreadable
from operation_server.problems import Violation
from operation_server.workflows import repository
from operation_server.workflows.deploying.faults import at
from satellite.contracts.python_task import PYTHON_TASK
from satellite.contracts.workflow import Task, TaskKind


class Pinning:
    """Looks tasks up; what is not there is a fault of its task."""

    def __init__(self, connections: Connections, catalog: PluginCatalog) -> None:
        self._connections = connections
        self._catalog = catalog

    async def pin(
        self, owner: Account, tasks: Iterable[Task]
    ) -> tuple[dict[str, Any], list[RegisteredPlugin], list[Violation]]:
        """Return what tasks run, the plugins among it, and what of it is not there."""
        pins: dict[str, Any] = {"plugins": {}, "workflows": {}}
        plugins: dict[int, RegisteredPlugin] = {}
        faults: list[Violation] = []
        for task in tasks:
            if task.kind in {TaskKind.PYTHON, TaskKind.PLUGIN}:
                plugin = await self._find(task, faults)
                if plugin is not None:
                    plugins[plugin.id] = plugin
                    pins["plugins"][task.name] = _plugin_pin(plugin)
            elif task.kind is TaskKind.WORKFLOW:
                pin = await self._workflow_pin(owner, task, faults)
                if pin is not None:
                    pins["workflows"][task.name] = pin
        return pins, list(plugins.values()), faults

    async def _find(self, task: Task, faults: list[Violation]) -> RegisteredPlugin | None:
        is_python = task.kind is TaskKind.PYTHON
        name = PYTHON_TASK if is_python else task.plugin_name or ""
        try:
            return await self._catalog.get(name, task.environment if is_python else task.plugin_version)
        except (PluginNotFound, PluginUnreadable) as error:
            told = f"{error} Register it first." if isinstance(error, PluginNotFound) else str(error)
            faults.append(Violation(at(task.name, "environment" if is_python else "plugin_name"), told))
            return None

    async def _workflow_pin(
        self, owner: Account, task: Task, faults: list[Violation]
    ) -> dict[str, Any] | None:
        async with self._connections.connect() as connection:
            other = await repository.find_named(connection, owner.id, task.workflow or "")
            version = (
                None
                if other is None or other.deployed_version is None
                else await repository.find_version(connection, other.id, other.deployed_version)
            )
        if other is None or version is None:
            told = "is no workflow of yours" if other is None else "was never deployed; deploy it first"
            faults.append(Violation(at(task.name, "workflow"), f"{task.workflow!r} {told}"))
            return None
        return {"workflow_id": other.id, "version_id": version.id, "version": version.version}


def _plugin_pin(plugin: RegisteredPlugin) -> dict[str, Any]:
    manifest = plugin.manifest
    return {
        "plugin_id": plugin.id,
        "name": manifest.name,
        "version": manifest.version,
        "timeout_s": manifest.timeout_s,
        "max_retries": manifest.retry.max_retries,
        "queue_ttl_s": manifest.queue_ttl_s,
    }
