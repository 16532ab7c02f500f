"""Begins runs, and shows and decides what hangs on them."""

from __future__ import annotations

import asyncio
from typing import Any

from operation_server.accounts.access import Permission, require, require_plugins, visible_to
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.errors import IntegrityError
from operation_server.database.rows import AnyRow
from operation_server.jobs.access import within
from operation_server.jobs.after_commit import AfterCommit
from operation_server.jobs.document import JobDocument, job_document
from operation_server.jobs.errors import IdempotencyKeyReused
from operation_server.jobs.repository import find_run, find_run_head
from operation_server.jobs.schemas.requests import digest_of
from operation_server.limits.submissions import SubmissionLimits
from operation_server.plugins.json_schema import SchemaChecks
from operation_server.problems import Violation
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from operation_server.webhooks.door import WebhookDoor
from operation_server.workflows.access import find_visible
from operation_server.workflows.concurrency import concurrency_key
from operation_server.workflows.errors import (
    ApprovalInvalid,
    ApprovalNotAsked,
    WorkflowNotDeployed,
    WorkflowUnfit,
    WorkflowVersionNotFound,
)
from operation_server.workflows.expressions.errors import ExpressionFailed
from operation_server.workflows.expressions.evaluator import Evaluator
from operation_server.workflows.runs import repository
from operation_server.workflows.runs.schemas import (
    ApprovalCreate,
    GraphNode,
    RunGraph,
    StepList,
    StepRead,
    TriggerCreate,
    XComList,
    XComRead,
)
from operation_server.workflows.tagged_values import plain
from operation_server.workflows.transitions import (
    DeployedVersion,
    NewRun,
    VersionMemory,
    begin_run,
    decide_step,
)
from satellite.contracts.json_text import write_json
from satellite.contracts.workflow import TaskKind
from satellite.contracts.workflow_run import RunTrigger

XCOMS_SHOWN = 2_000


class RunService:
    """Begins runs of workflows, and shows them."""

    def __init__(
        self,
        connections: Connections,
        *,
        versions: VersionMemory,
        expressions: Evaluator,
        schemas: SchemaChecks,
        after_commit: AfterCommit,
        limits: SubmissionLimits,
        webhooks: WebhookDoor,
    ) -> None:
        self._connections = connections
        self._versions = versions
        self._expressions = expressions
        self._schemas = schemas
        self._after_commit = after_commit
        self._limits = limits
        self._webhooks = webhooks

    async def trigger(
        self, caller: Account, workflow_id: int, request: TriggerCreate, *, idempotency_key: str | None
    ) -> tuple[JobDocument, bool]:
        """Begin a run and return it, and whether the key had begun it before.

        Raises:
            WorkflowNotFound, WorkflowNotYours: it is none of the caller's.
            WorkflowNotDeployed, WorkflowVersionNotFound: there is nothing to run.
            WorkflowUnfit: its concurrency key has no value with these params.
            IdempotencyKeyReused: the key was used for another request.
            RateExceeded, QueueQuotaReached: the caller submits or has too much.
            WebhookRefused, SigningSecretMissing: nothing can be told to its webhook.
        """
        reach = require(caller, Permission.CHANGE_JOBS)
        require_plugins(caller, ["a workflow"])
        stated = {"workflow_id": workflow_id, **request.model_dump(mode="json", exclude_unset=True)}
        digest = digest_of(stated)
        first = await self._find_first(caller, digest, idempotency_key)
        if first is not None:
            return first, True
        await self._webhooks.check_all([("", request.webhook)])
        await self._limits.admit(caller.id)
        async with self._connections.connect() as connection:
            version = await self._find_version(connection, caller, workflow_id, request.version)
        settings = version.definition.settings
        params = {**version.definition.params, **request.params}
        new = NewRun(
            version=version,
            owner_id=caller.id,
            trigger=RunTrigger.MANUAL,
            params=params,
            priority=settings.priority if request.priority is None else request.priority,
            logical_date=request.logical_date,
            concurrency_key=await self._concurrency_key(version, params),
            idempotency_key=idempotency_key,
            request_digest=digest if idempotency_key is not None else None,
        )
        try:
            async with self._connections.begin() as connection:
                begun = await connection.run_sync(begin_run, new)
                await self._webhooks.keep(connection, caller, [(begun.key.job_id, request.webhook)])
                row = await find_run(connection, begun.key.job_id)
        except IntegrityError:
            # Another request with the key was faster; now its run is found.
            first = await self._find_first(caller, digest, idempotency_key)
            if first is None:
                raise
            return first, True
        self._after_commit.publish(begun.entries)
        return job_document(within(reach, row, begun.key.job_id)), False

    async def decide(self, caller: Account, run_id: int, task: str, decision: ApprovalCreate) -> JobDocument:
        """Approve or reject a step that waits for it, and return its run.

        Raises:
            JobNotFound, JobNotYours: it is no run of the caller's.
            ApprovalNotAsked: no such step waits (any more).
            ApprovalInvalid: what was given does not match the form.
        """
        require(caller, Permission.CHANGE_JOBS)
        async with self._connections.connect() as connection:
            await _require_run(connection, caller, run_id)
            version = await self._version_of(connection, run_id)
        await self._require_form(version, task, decision)
        value = {
            "approved": decision.approved,
            "by": caller.email,
            "comment": decision.comment,
            "data": decision.data,
        }
        async with self._connections.begin() as connection:
            is_decided = await connection.run_sync(
                lambda each: decide_step(
                    each, run_id, task, map_index=-1, is_approved=decision.approved, value=value
                )
            )
            if not is_decided:
                raise ApprovalNotAsked(f"Task {task} of run {run_id} does not wait for an approval now.")
            await record(connection, caller, Action.DECIDE_APPROVAL, run_id, task=task, **value)
            row = await find_run(connection, run_id)
        return job_document(within(visible_to(caller), row, run_id))

    async def graph(self, caller: Account, run_id: int) -> RunGraph:
        """Return the graph of a run with how far its tasks are."""
        async with self._connections.connect() as connection:
            run = await _require_run(connection, caller, run_id)
            version = await self._version_of(connection, run_id)
            states = await repository.list_tasks(connection, run_id)
        places = {name: place for place, name in enumerate(version.graph.tasks)}
        return RunGraph(
            run_id=run_id,
            status=run.status,
            nodes=[_node(states[name], task.kind) for name, task in version.graph.tasks.items()],
            edges=[
                (places[name], places[below]) for name in places for below in version.graph.downstream[name]
            ],
        )

    async def list_steps(
        self, caller: Account, run_id: int, *, task: str | None, status: str | None, skip: int, limit: int
    ) -> StepList:
        """Return a page of the steps of a run."""
        async with self._connections.connect() as connection:
            await _require_run(connection, caller, run_id)
            rows = await repository.list_steps(
                connection, run_id, task=task, status=status, skip=skip, limit=limit
            )
        items = [StepRead.model_validate(row, from_attributes=True) for row in rows]
        return StepList(total=rows[0].total if rows else 0, items=items)

    async def list_xcoms(self, caller: Account, run_id: int, *, task: str | None) -> XComList:
        """Return what the steps of a run have pushed, as plain JSON."""
        async with self._connections.connect() as connection:
            await _require_run(connection, caller, run_id)
            rows = await repository.list_xcoms(connection, run_id, task=task, limit=XCOMS_SHOWN)
        items = [
            XComRead(
                task=row.task, map_index=row.map_index, key=row.key, value=plain(row.value), file=row.file
            )
            for row in rows
        ]
        return XComList(total=len(items), items=items)

    async def _find_first(self, caller: Account, digest: str, key: str | None) -> JobDocument | None:
        if key is None:
            return None
        async with self._connections.connect() as connection:
            taken = await repository.find_by_key(connection, caller.id, key)
            if taken is None:
                return None
            if taken.request_digest != digest:
                raise IdempotencyKeyReused
            row = await find_run(connection, taken.id)
        return job_document(within(visible_to(caller), row, taken.id))

    async def _find_version(
        self, connection: AsyncConnection, caller: Account, workflow_id: int, version: int | None
    ) -> DeployedVersion:
        workflow = await find_visible(connection, caller, workflow_id)
        wanted = workflow.deployed_version if version is None else version
        if wanted is None:
            raise WorkflowNotDeployed(
                f"Workflow {workflow_id} was never deployed; deploy it first: "
                f"POST /api/v1/workflows/{workflow_id}/deploy"
            )
        version_id = await repository.find_version_id(connection, workflow_id, wanted)
        if version_id is None:
            raise WorkflowVersionNotFound(f"Workflow {workflow_id} has no version {wanted}.")
        return await connection.run_sync(self._versions.get, version_id)

    async def _version_of(self, connection: AsyncConnection, run_id: int) -> DeployedVersion:
        version_id = await repository.find_version_of(connection, run_id)
        return await connection.run_sync(self._versions.get, version_id)

    async def _concurrency_key(self, version: DeployedVersion, params: dict[str, Any]) -> str | None:
        expression = version.definition.settings.concurrency_key
        if expression is None:
            return None
        try:
            return await asyncio.to_thread(
                concurrency_key, expression, params, run={}, expressions=self._expressions
            )
        except ExpressionFailed as error:
            raise WorkflowUnfit(
                [Violation("/params", f"give the concurrency key no value: {error}")]
            ) from error

    async def _require_form(self, version: DeployedVersion, task: str, decision: ApprovalCreate) -> None:
        known = version.graph.tasks.get(task)
        if known is None or known.kind is not TaskKind.APPROVAL:
            raise ApprovalNotAsked(f"{task} is no approval of the workflow.")
        if known.form is None or not decision.approved:
            return
        validator = await self._schemas.validator(
            f"the form of {task}", f"form/{version.id}/{task}", known.form
        )
        found = await validator.violations(decision.data, write_json(decision.data), at="/data")
        if found:
            raise ApprovalInvalid(found)


async def _require_run(connection: AsyncConnection, caller: Account, run_id: int) -> AnyRow:
    return within(visible_to(caller), await find_run_head(connection, run_id), run_id)


def _node(state: AnyRow, kind: TaskKind) -> GraphNode:
    return GraphNode(
        name=state.task,
        kind=kind,
        status=state.status,
        reason=state.reason,
        total=state.steps_total,
        completed=state.steps_completed,
        failed=state.steps_failed,
        job_id=state.job_id,
        started_at=state.started_at,
        ended_at=state.ended_at,
    )
