"""A run of a workflow as answers show it; it is numbered like a job, and found where jobs are."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from satellite.contracts.job import JobStatus
from satellite.contracts.workflow_run import RunTrigger, TaskStatus

TASK_STATE: dict[str, Any] = {
    "name": "data_preprocessing",
    "status": "completed",
    "reason": None,
    "job_id": 44,
    "steps": {"total": 1, "completed": 1, "failed": 0},
    "started_at": "2026-01-02T03:04:05Z",
    "ended_at": "2026-01-02T03:04:06Z",
}
RUN: dict[str, Any] = {
    "id": 43,
    "kind": "run",
    "uid": "0c3f9a51-6b0e-4c6a-8f0e-0a3f5c1d2e4b",
    "workflow_id": 7,
    "workflow_name": "ml_pipeline_example",
    "version": 1,
    "status": "completed",
    "trigger": "manual",
    "params": {},
    "priority": 0,
    "logical_date": "2026-01-02T03:04:05Z",
    "data_interval_start": "2026-01-02T03:04:05Z",
    "data_interval_end": "2026-01-02T03:04:05Z",
    "concurrency_key": None,
    "deadline_at": None,
    "cancelling": False,
    "error": None,
    "error_message": None,
    "owner_id": 1,
    "restarted_from": None,
    "parent_run_id": None,
    "created_at": "2026-01-02T03:04:05Z",
    "started_at": "2026-01-02T03:04:05Z",
    "completed_at": "2026-01-02T03:04:07Z",
    "tasks": [TASK_STATE],
}


class StepCounts(BaseModel):
    """How many steps a task has, and how they ended."""

    total: int | None = Field(description="Null until it begins.")
    completed: int
    failed: int


class TaskState(BaseModel):
    """How far a task of a run is."""

    name: str
    status: TaskStatus
    reason: str | None = Field(description="Why it did not run, or has failed.")
    job_id: int | None = Field(description="Its job; null of a mapped task, and of one that needs none.")
    steps: StepCounts
    started_at: datetime | None
    ended_at: datetime | None


class RunError(BaseModel):
    """Why a run has failed: the first task that did, and its error."""

    model_config = ConfigDict(extra="ignore")

    task: str | None = None
    kind: str | None = None
    message: str | None = None


class RunRead(BaseModel):
    """A run of a workflow."""

    model_config = ConfigDict(json_schema_extra={"examples": [RUN]})

    id: int
    kind: Literal["run"]
    uid: UUID = Field(description="Names the run for ever; numbers repeat after a recovery from a backup.")
    workflow_id: int
    workflow_name: str
    version: int
    status: JobStatus
    trigger: RunTrigger
    params: dict[str, Any]
    priority: int
    logical_date: datetime = Field(description="The moment that it is for: of a scheduled run its tick.")
    data_interval_start: datetime
    data_interval_end: datetime
    concurrency_key: str | None
    deadline_at: datetime | None
    cancelling: bool = Field(description="Its cancel was requested, and steps of it are still under way.")
    error: RunError | None
    error_message: str | None
    owner_id: int
    restarted_from: int | None
    parent_run_id: int | None = Field(description="The run of which it does a step.")
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    tasks: list[TaskState] | None = Field(description="In the order of the workflow; null in lists.")
