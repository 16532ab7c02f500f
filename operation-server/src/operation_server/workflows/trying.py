"""Tries one task of a draft alone, as a job: what its author works on need not be deployed for that."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.jobs.schemas import JobCreate
from operation_server.jobs.submission.service import Submission, SubmissionService
from operation_server.problems import Violation
from operation_server.workflows import changes
from operation_server.workflows.access import find_visible
from operation_server.workflows.errors import WorkflowUnfit
from operation_server.workflows.expressions.errors import ExpressionFailed
from operation_server.workflows.expressions.evaluator import Evaluator
from satellite.contracts.python_task import PYTHON_TASK, PulledTask, RunSnippet, TaskContext
from satellite.contracts.workflow import Task, TaskKind

EXAMPLE: dict[str, Any] = {"params": {"days": 7}, "results": {"load": {"rows": 3}}}


class TryCreate(BaseModel):
    """What a task is tried with."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    params: dict[str, Any] = Field(default_factory=dict, description="Over those of workflow and task.")
    results: dict[str, Any] = Field(
        default_factory=dict,
        description="What the tasks before it came to, by their names: of a Python task an object of what it "
        "pushed, of any other its result.",
    )
    item: Any = Field(default=None, description="Of a mapped task: the item that it runs for.")


class TryService:
    """Tries tasks of the caller's drafts."""

    def __init__(
        self, connections: Connections, *, submissions: SubmissionService, expressions: Evaluator
    ) -> None:
        self._connections = connections
        self._submissions = submissions
        self._expressions = expressions

    async def submit(self, caller: Account, task_id: int, tried: TryCreate) -> Submission:
        """Submit the job that a step of the task would have.

        Raises:
            WorkflowTaskNotFound, WorkflowNotYours: it is none of the caller's.
            WorkflowUnfit: it is no task with a job, or its input has no value with these results.
            Exception: as `SubmissionService.submit` says.
        """
        async with self._connections.connect() as connection:
            row = await changes.find_task(connection, caller, task_id)
            workflow = await find_visible(connection, caller, row.workflow_id)
        task = Task.model_validate(row.task)
        params = {**workflow.params, **task.params, **tried.params}
        if task.kind is TaskKind.PYTHON:
            name, version = PYTHON_TASK, task.environment
            data = _snippet(task, workflow.id, workflow.name, params, tried)
        elif task.kind is TaskKind.PLUGIN and task.plugin_name is not None:
            name, version = task.plugin_name, task.plugin_version
            data = await self._rendered(task, params, tried)
        else:
            raise WorkflowUnfit([Violation("/kind", f"is {task.kind}, of which nothing can be tried")])
        request = JobCreate(plugin_name=name, plugin_version=version, input_data=data, max_retries=0)
        return await self._submissions.submit(caller, request, idempotency_key=None)

    async def _rendered(self, task: Task, params: dict[str, Any], tried: TryCreate) -> Any:
        variables = {"results": tried.results, "params": params, "run": {}, "item": tried.item}
        try:
            return await asyncio.to_thread(self._expressions.render, task.input, variables)
        except ExpressionFailed as error:
            raise WorkflowUnfit([Violation("/input", str(error))]) from error


def _snippet(
    task: Task, workflow_id: int, workflow: str, params: dict[str, Any], tried: TryCreate
) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    context = TaskContext(
        task_id=task.name,
        item=tried.item,
        dag_id=f"workflow_{workflow_id}",
        workflow=workflow,
        run_id=0,
        params=params,
        logical_date=now,
        data_interval_start=now,
        data_interval_end=now,
    )
    pushed = {
        name: [PulledTask(values=value if isinstance(value, dict) else {"return_value": value})]
        for name, value in tried.results.items()
    }
    asked = RunSnippet(code=task.python_callable or "", context=context, xcoms=pushed)
    return asked.model_dump(mode="json", exclude={"attempt"})
