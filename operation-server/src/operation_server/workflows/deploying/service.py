"""Deploys workflows: all of one that is without fault, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from operation_server.accounts.access import Permission, require, require_plugins
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.rows import AnyRow
from operation_server.plugins.catalog import PluginCatalog
from operation_server.plugins.isolation import Isolation
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from operation_server.workers.service import BrokerUnavailable, WorkerService
from operation_server.workflows import repository
from operation_server.workflows.access import find_visible, lock_own
from operation_server.workflows.airflow.dags import DagFolder
from operation_server.workflows.definitions import definition_of, digest_of, document_of
from operation_server.workflows.deploying.faults import faults_of
from operation_server.workflows.deploying.pinning import Pinning
from operation_server.workflows.deploying.snippet_check import SnippetCheck
from operation_server.workflows.errors import WorkflowUnfit
from operation_server.workflows.schedules.preview import preview
from operation_server.workflows.schedules.ticks import Ticks
from operation_server.workflows.schemas import Deployed
from satellite.contracts.worker import WorkerHeartbeat
from satellite.contracts.workflow import Task, TaskKind, WorkflowDefinition

TICKS_SHOWN: Final = 5
NO_WORKER: Final = (
    "No worker is live, so nobody has checked the snippets. A task whose snippet is no Python will fail."
)


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A definition without fault, and what its tasks run."""

    definition: WorkflowDefinition
    pins: dict[str, Any]
    revision: int
    warnings: list[str]


class DeploymentService:
    """Deploys drafts."""

    def __init__(
        self,
        connections: Connections,
        *,
        catalog: PluginCatalog,
        check: SnippetCheck,
        workers: WorkerService,
        dags: DagFolder,
        isolation: Isolation,
    ) -> None:
        self._connections = connections
        self._dags = dags
        self._isolation = isolation
        self._pinning = Pinning(connections, catalog)
        self._check = check
        self._workers = workers

    async def deploy(self, caller: Account, workflow_id: int) -> Deployed:
        """Make the draft of a workflow the version that runs from now on; the same again changes nothing.

        Raises:
            WorkflowNotFound, WorkflowNotYours: it is none of the caller's.
            WorkflowUnfit: it has faults; all are named.
            WorkflowChanged: somebody has changed it meanwhile.
            AdminRequired: its snippets would run unisolated, which not everybody may have.
        """
        require(caller, Permission.CHANGE_WORKFLOWS)
        async with self._connections.connect() as connection:
            row = await find_visible(connection, caller, workflow_id)
            tasks = await repository.list_tasks(connection, workflow_id)
            before = await _deployed_tasks(connection, row)
        fit = await self._examine(caller, row, definition_of(row, tasks), before)
        async with self._connections.begin() as connection:
            await lock_own(connection, caller, workflow_id, revision=fit.revision)
            version, is_new = await _store(connection, caller, workflow_id, fit)
        unshown = await self._dags.show(fit.definition, workflow_id)
        return Deployed(
            workflow_id=workflow_id,
            version=version,
            is_new=is_new,
            dag_id=f"workflow_{workflow_id}",
            next_ticks=_next_ticks(fit.definition),
            warnings=fit.warnings if unshown is None else [*fit.warnings, unshown],
        )

    async def _examine(
        self, caller: Account, row: AnyRow, definition: WorkflowDefinition, before: Sequence[Task]
    ) -> Fit:
        faults = faults_of(definition)
        if faults:
            raise WorkflowUnfit(faults)
        pins, plugins, faults = await self._pinning.pin(caller, definition.tasks)
        if faults:
            raise WorkflowUnfit(faults)
        require_plugins(caller, [plugin.manifest.name for plugin in plugins])
        if any(task.kind is TaskKind.PYTHON for task in definition.tasks):
            await self._isolation.require(caller, "deploy snippets of Python")
        warnings = await self._check_snippets(caller, definition, before, pins)
        return Fit(definition=definition, pins=pins, revision=row.revision, warnings=warnings)

    async def _check_snippets(
        self,
        caller: Account,
        definition: WorkflowDefinition,
        before: Sequence[Task],
        pins: dict[str, Any],
    ) -> list[str]:
        """Check the snippets that are new, and return what could not be found out."""
        known = {task.python_callable for task in before}
        new = [
            task
            for task in definition.tasks
            if task.kind is TaskKind.PYTHON and task.python_callable not in known
        ]
        if new and not await self._live_workers():
            return [NO_WORKER]
        warnings = []
        for version in sorted({pins["plugins"][task.name]["version"] for task in new}):
            of_version = [task for task in new if pins["plugins"][task.name]["version"] == version]
            faults, warning = await self._check.find_faults(caller, of_version, version=version)
            if faults:
                raise WorkflowUnfit(faults)
            if warning is not None:
                warnings.append(warning)
        return warnings

    async def _live_workers(self) -> Sequence[WorkerHeartbeat]:
        try:
            return await self._workers.list_live()
        except BrokerUnavailable:
            return ()


async def _deployed_tasks(connection: AsyncConnection, workflow: AnyRow) -> Sequence[Task]:
    if workflow.deployed_version is None:
        return ()
    row = await repository.find_version(connection, workflow.id, workflow.deployed_version)
    return () if row is None else WorkflowDefinition.model_validate(row.definition).tasks


async def _store(
    connection: AsyncConnection, caller: Account, workflow_id: int, fit: Fit
) -> tuple[int, bool]:
    """Return the number of the version that runs now, and whether it is new."""
    digest = digest_of(fit.definition, fit.pins)
    row = await repository.find(connection, workflow_id)
    if row is not None and row.deployed_version is not None:
        deployed = await repository.find_version(connection, workflow_id, row.deployed_version)
        if deployed is not None and deployed.digest == digest:
            return deployed.version, False
    version = await repository.add_version(
        connection,
        workflow_id,
        definition=document_of(fit.definition),
        pins=fit.pins,
        digest=digest,
        deployed_by=caller.id,
    )
    await repository.set_deployed(connection, workflow_id, version)
    await record(connection, caller, Action.DEPLOY_WORKFLOW, workflow_id, version=version, digest=digest)
    return version, True


def _next_ticks(definition: WorkflowDefinition) -> list[datetime]:
    if definition.schedule is None or not definition.is_active:
        return []
    ticks = preview(Ticks(definition.schedule), after=datetime.now(UTC), count=TICKS_SHOWN)
    return [tick.at for tick in ticks]
