"""Requests and answers about runs, beyond the run itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StrictBool, TypeAdapter, model_validator

from operation_server.workflows.restarting import Action
from satellite.contracts import numbers
from satellite.contracts.notification import JobWebhook
from satellite.contracts.workflow import TaskKind, TaskName
from satellite.contracts.workflow_run import StepStatus, TaskStatus

RESTART: dict[str, Any] = {
    "run_id": 47,
    "restarted_from": 43,
    "version": 2,
    "plan": [
        {
            "task": "load",
            "action": "reuse",
            "reason": "it has completed, and nothing before it changes",
        },
        {"task": "train", "action": "run", "reason": "asked for"},
    ],
}
APPROVAL: dict[str, Any] = {"approved": True, "comment": "Error is below 5 %."}


class TriggerCreate(BaseModel):
    """How a run begins; all of it may be left out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"params": {"days": 7}}]})

    params: dict[str, Any] = Field(default_factory=dict, description="Over those of the workflow.")
    version: numbers.Id | None = Field(default=None, description="The deployed one unless given.")
    logical_date: datetime | None = Field(
        default=None, description="The moment that it is for; now unless given."
    )
    priority: numbers.Priority | None = Field(default=None, description="That of the workflow unless given.")

    webhook: JobWebhook | None = Field(
        default=None, description="Told of the run's end, signed by what POST /api/v1/webhook-secret gives."
    )

    @model_validator(mode="after")
    def _has_zone(self) -> Self:
        if self.logical_date is not None and self.logical_date.tzinfo is None:
            raise ValueError("logical_date needs a zone, such as 2026-01-02T00:00:00Z")
        return self


def _version(stated: Any) -> Any:
    # Not a union, which would tell of each of its parts what is wrong.
    return stated if stated in ("same", "latest") else _NUMBER.validate_python(stated)


_NUMBER: Final[TypeAdapter[int]] = TypeAdapter(numbers.Id)
VersionChoice = Annotated[
    Any, PlainValidator(_version, json_schema_input_type=numbers.Id | Literal["same", "latest"])
]


class RestartCreate(BaseModel):
    """Which tasks run again, and with which version."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"tasks": ["train"]}]})

    tasks: list[TaskName] | None = Field(
        default=None,
        max_length=1_000,
        description="With all that comes after them; by default what did not complete.",
    )
    version: VersionChoice = Field(
        default="same", description="Of another version only what is the same in both is taken over."
    )
    params: dict[str, Any] | None = Field(default=None, description="Others than those of the run.")
    dry_run: StrictBool = Field(default=False, description="Only say what would run.")


class TaskPlanRead(BaseModel):
    """What a restart does with a task, and why."""

    task: str
    action: Action
    reason: str


class RestartRead(BaseModel):
    """What a restart does, and the run that does it."""

    model_config = ConfigDict(json_schema_extra={"examples": [RESTART]})

    run_id: int | None = Field(description="Null if nothing was begun.")
    restarted_from: int
    version: int
    plan: list[TaskPlanRead]


class ApprovalCreate(BaseModel):
    """A decision about a step that waits for one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [APPROVAL]})

    approved: StrictBool
    comment: str = Field(default="", max_length=2_000)
    data: dict[str, Any] = Field(default_factory=dict, description="What the form of the task asks for.")


NODE: dict[str, Any] = {
    "name": "data_preprocessing",
    "kind": "python",
    "status": "completed",
    "reason": None,
    "total": 1,
    "completed": 1,
    "failed": 0,
    "job_id": 44,
    "started_at": "2026-01-02T03:04:05Z",
    "ended_at": "2026-01-02T03:04:06Z",
}
STEP: dict[str, Any] = {
    "task": "train",
    "map_index": 3,
    "status": "submitted",
    "job_id": 48,
    "reused_from": None,
    "item": {"depth": 4},
    "error": None,
    "due_at": None,
    "created_at": "2026-01-02T03:04:05Z",
    "ended_at": None,
}
XCOM: dict[str, Any] = {
    "task": "data_preprocessing",
    "map_index": None,
    "key": "data_shape",
    "value": [3, 2],
    "file": None,
}


class GraphNode(BaseModel):
    """A task of a run, for a drawing."""

    name: str
    kind: TaskKind
    status: TaskStatus
    reason: str | None
    total: int | None
    completed: int
    failed: int
    job_id: int | None
    started_at: datetime | None
    ended_at: datetime | None


class RunGraph(BaseModel):
    """The graph of a run: its tasks, and pairs of their places in the list for the edges between them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"run_id": 43, "status": "completed", "nodes": [NODE], "edges": []}]}
    )

    run_id: int
    status: str
    nodes: list[GraphNode]
    edges: list[tuple[int, int]]


class StepRead(BaseModel):
    """A step of a run."""

    task: str
    map_index: int | None
    status: StepStatus
    job_id: int | None
    reused_from: int | None
    item: Any
    error: dict[str, Any] | None
    due_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


class StepList(BaseModel):
    """A page of steps, by task and place."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [STEP]}]})

    total: int
    items: list[StepRead]


class XComFile(BaseModel):
    """The file of a value, which is read like any other."""

    file_id: str | None = Field(description="None: it is not stored any more.")
    size_bytes: int | None


class XComRead(BaseModel):
    """A value that a step has pushed."""

    task: str
    map_index: int | None
    key: str
    value: Any
    file: XComFile | None = Field(default=None, description="Where a value is that is too large.")


class XComList(BaseModel):
    """What the steps of a run have pushed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [XCOM]}]})

    total: int
    items: list[XComRead]
