"""Typed answers about workflows, their runs and the steps of these."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from satellite.client.models import Answer, Status
from satellite.contracts.job import JobStatus
from satellite.contracts.workflow_run import StepStatus, TaskStatus

TaskStatusRead = Annotated[TaskStatus | str, Field(union_mode="left_to_right")]
"""How far a task is, or the word for it that only a newer server knows."""
StepStatusRead = Annotated[StepStatus | str, Field(union_mode="left_to_right")]


class WorkflowTask(Answer):
    """A task of a workflow as it is being edited; `get_draft` has all that its author has stated."""

    id: int
    workflow_id: int
    name: str
    kind: str = "python"
    dependencies: list[str] = Field(default_factory=list)
    python_callable: str | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    retry_count: int = 0
    retry_delay: float | None = None
    created_at: datetime
    updated_at: datetime


class Workflow(Answer):
    """A workflow as it is being edited; its tasks are None in lists."""

    id: int
    name: str
    description: str = ""
    schedule: dict[str, Any] | None = None
    is_active: bool = True
    params: dict[str, Any] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    revision: int
    deployed_version: int | None = None
    owner_id: int
    created_at: datetime
    updated_at: datetime
    tasks: list[WorkflowTask] | None = None


class LogLines(Answer):
    """Lines that a task of a run has printed."""

    task: str
    map_index: int | None = None
    attempt: int = 1
    lines: list[str] = Field(default_factory=list)


class WorkflowDifference(Answer):
    """What differs between a version and another one, or the draft, field by field."""

    before: int | None = None
    after: int | None = None
    is_different: bool
    fields: list[dict[str, Any]] = Field(default_factory=list)
    tasks: list[dict[str, Any]] = Field(default_factory=list)


class Draft(Answer):
    """A workflow as one document, and at which revision it is."""

    document: dict[str, Any]
    revision: int | None = None


class Deployment(Answer):
    """What was deployed; `is_new` is false if the version that runs was the same already."""

    workflow_id: int
    version: int
    is_new: bool = True
    dag_id: str
    next_ticks: list[datetime] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)


class WorkflowVersion(Answer):
    """A version of a workflow; `tasks` is how many it has."""

    version: int
    digest: str
    tasks: int
    deployed_by: int | None = None
    deployed_at: datetime


class StepCounts(Answer):
    """How many steps a task has, None until it begins, and how they ended."""

    total: int | None = None
    completed: int = 0
    failed: int = 0


class TaskState(Answer):
    """How far a task of a run is; `reason` is why it did not run, or has failed."""

    name: str
    status: TaskStatusRead
    reason: str | None = None
    job_id: int | None = None
    steps: StepCounts = StepCounts()
    started_at: datetime | None = None
    ended_at: datetime | None = None


class Run(Answer):
    """A run of a workflow; it is numbered like a job. `tasks` is None in lists."""

    id: int
    kind: str = "run"
    uid: UUID | None = None
    workflow_id: int
    workflow_name: str
    version: int
    status: Status
    trigger: str
    params: dict[str, Any] = Field(default_factory=dict)
    priority: int = 0
    logical_date: datetime
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    concurrency_key: str | None = None
    deadline_at: datetime | None = None
    cancelling: bool = False
    error: dict[str, Any] | None = None
    error_message: str | None = None
    owner_id: int | None = None
    restarted_from: int | None = None
    parent_run_id: int | None = None
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None
    tasks: list[TaskState] | None = None

    @property
    def is_finished(self) -> bool:
        """Tell whether nothing more happens to the run on its own."""
        return isinstance(self.status, JobStatus) and self.status.is_terminal


class GraphNode(Answer):
    """A task of a run, for a drawing."""

    name: str
    kind: str
    status: TaskStatusRead
    reason: str | None = None
    total: int | None = None
    completed: int = 0
    failed: int = 0
    job_id: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


class RunGraph(Answer):
    """The tasks of a run, and pairs of their places in the list for the edges between them."""

    run_id: int
    status: Status
    nodes: list[GraphNode]
    edges: list[tuple[int, int]]


class Step(Answer):
    """A task in a run, or of a mapped task one item; `item` is that."""

    task: str
    map_index: int | None = None
    status: StepStatusRead
    job_id: int | None = None
    reused_from: int | None = None
    item: Any = None
    error: dict[str, Any] | None = None
    due_at: datetime | None = None
    created_at: datetime
    ended_at: datetime | None = None


class XComFile(Answer):
    """The file of a value that is too large to be shown."""

    file_id: str | None
    size_bytes: int | None


class XCom(Answer):
    """A value that a step has pushed, as plain JSON."""

    task: str
    map_index: int | None = None
    key: str
    value: Any = None
    file: XComFile | None = None


class TaskPlan(Answer):
    """What a restart does with a task, and why."""

    task: str
    action: str
    reason: str


class Restart(Answer):
    """What a restart does, and the run that does it; None if nothing was begun."""

    run_id: int | None = None
    restarted_from: int
    version: int
    plan: list[TaskPlan] = Field(default_factory=list)
