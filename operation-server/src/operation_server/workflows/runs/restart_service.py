"""Restarts runs: from any task, with the same version or another one, after a look at what that would do."""

from __future__ import annotations

from collections.abc import Sequence

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.rows import AnyRow
from operation_server.jobs.access import within
from operation_server.jobs.after_commit import AfterCommit
from operation_server.jobs.repository import find_run_head
from operation_server.limits.submissions import SubmissionLimits
from operation_server.trail.actions import Action as Trailed
from operation_server.trail.recording import record
from operation_server.webhooks.repository import hand_on_webhook
from operation_server.workflows import repository as workflows
from operation_server.workflows.errors import RestartInvalid, RunNotOver, WorkflowVersionNotFound
from operation_server.workflows.restarting import (
    Action,
    TaskPlan,
    changed_between,
    digests_of,
    plan_restart,
)
from operation_server.workflows.runs import repository
from operation_server.workflows.runs.schemas import RestartCreate, RestartRead, TaskPlanRead
from operation_server.workflows.transitions import (
    DeployedVersion,
    NewRun,
    VersionMemory,
    restart_run,
    statuses_of,
)
from satellite.contracts.job import JobStatus
from satellite.contracts.workflow_run import RunTrigger


class RestartService:
    """Restarts runs of the caller's."""

    def __init__(
        self,
        connections: Connections,
        *,
        versions: VersionMemory,
        after_commit: AfterCommit,
        limits: SubmissionLimits,
    ) -> None:
        self._connections = connections
        self._versions = versions
        self._after_commit = after_commit
        self._limits = limits

    async def restart(self, caller: Account, run_id: int, request: RestartCreate) -> RestartRead:
        """Begin a run that takes over what of an earlier one still holds, and return what it does and why.

        Raises:
            JobNotFound, JobNotYours: it is no run of the caller's.
            RunNotOver: it has not ended.
            WorkflowVersionNotFound: there is no such version.
            RestartInvalid: it names a task that there is not.
            RateExceeded, QueueQuotaReached: the caller submits or has too much.
        """
        reach = require(caller, Permission.CHANGE_JOBS)
        async with self._connections.connect() as connection:
            head = within(reach, await find_run_head(connection, run_id), run_id)
            if not JobStatus(head.status).is_terminal:
                raise RunNotOver(f"Run {run_id} has not ended; wait, or cancel it.")
            run = await repository.find_begun(connection, run_id)
            version = await self._version(connection, run, request)
            plan = await self._plan(connection, run, version, request)
        if request.dry_run:
            return _read(run, version, plan, run_id=None)
        await self._limits.admit(caller.id)
        new = NewRun(
            version=version,
            owner_id=caller.id,
            trigger=RunTrigger.RESTART,
            params=run.params if request.params is None else {**run.params, **request.params},
            priority=run.priority,
            logical_date=run.logical_date,
            data_interval=(run.data_interval_start, run.data_interval_end),
            concurrency_key=run.concurrency_key,
            restarted_from=run_id,
        )
        reused = [each.task for each in plan if each.action is Action.REUSE]
        async with self._connections.begin() as connection:
            begun = await connection.run_sync(restart_run, new, reused)
            await hand_on_webhook(connection, before=run_id, job_id=begun.key.job_id, owner_id=caller.id)
            await record(connection, caller, Trailed.RESTART_RUN, run_id, restarted_as=begun.key.job_id)
        self._after_commit.publish(begun.entries)
        return _read(run, version, plan, run_id=begun.key.job_id)

    async def _version(
        self, connection: AsyncConnection, run: AnyRow, request: RestartCreate
    ) -> DeployedVersion:
        version_id = run.version_id
        if request.version != "same":
            number = (
                await repository.find_deployed(connection, run.workflow_id)
                if request.version == "latest"
                else request.version
            )
            row = await workflows.find_version(connection, run.workflow_id, number)
            if row is None:
                raise WorkflowVersionNotFound(f"Workflow {run.workflow_id} has no version {number}.")
            version_id = row.id
        return await connection.run_sync(self._versions.get, version_id)

    async def _plan(
        self, connection: AsyncConnection, run: AnyRow, version: DeployedVersion, request: RestartCreate
    ) -> Sequence[TaskPlan]:
        unknown = sorted(set(request.tasks or ()) - version.graph.tasks.keys())
        if unknown:
            raise RestartInvalid(f"Version {version.version} of the workflow has no task {unknown[0]}.")
        before = await connection.run_sync(self._versions.get, run.version_id)
        return plan_restart(
            version.graph,
            await connection.run_sync(statuses_of, run.id),
            changed=changed_between(_digests(before), _digests(version)),
            asked=request.tasks,
            has_other_params=request.params is not None and {**run.params, **request.params} != run.params,
        )


def _digests(version: DeployedVersion) -> dict[str, str]:
    pins = {
        **{name: pin.model_dump(mode="json") for name, pin in version.pins.plugins.items()},
        **{name: pin.model_dump(mode="json") for name, pin in version.pins.workflows.items()},
    }
    return digests_of(version.graph, pins)


def _read(
    run: AnyRow, version: DeployedVersion, plan: Sequence[TaskPlan], *, run_id: int | None
) -> RestartRead:
    return RestartRead(
        run_id=run_id,
        restarted_from=run.id,
        version=version.version,
        plan=[TaskPlanRead(**each._asdict()) for each in plan],
    )
