"""Requests and answers about workflows and their tasks."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from operation_server.database.rows import AnyRow
from satellite.contracts import numbers
from satellite.contracts.workflow import (
    CODE_CHARS_MAX,
    Expression,
    Join,
    LongWaitS,
    OnItemFailure,
    ScheduleField,
    Task,
    TaskKind,
    TaskLimit,
    TaskName,
    WorkflowDefinition,
    WorkflowSettings,
)

ID_TEXT: Final = r"^[1-9][0-9]{0,14}$"

PREPROCESSING = """import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
context['ti'].xcom_push(key='shape', value=df.shape)"""
NEW_WORKFLOW: dict[str, Any] = {
    "name": "ml_pipeline_example",
    "description": "Example ML Pipeline",
    "schedule": "@daily",
    "is_active": True,
}
NEW_TASK: dict[str, Any] = {
    "workflow_id": 7,
    "name": "data_preprocessing",
    "python_callable": PREPROCESSING,
    "params": {},
    "dependencies": [],
    "retry_count": 2,
    "retry_delay": 300,
}
TASK: dict[str, Any] = {
    "id": 21,
    "task_id": 21,
    "kind": "python",
    **NEW_TASK,
    "created_at": "2026-01-02T03:04:05Z",
    "updated_at": "2026-01-02T03:04:05Z",
}
WORKFLOW: dict[str, Any] = {
    "id": 7,
    "workflow_id": 7,
    "name": "ml_pipeline_example",
    "description": "Example ML Pipeline",
    "schedule": {"cron": "@daily", "timezone": "UTC"},
    "is_active": True,
    "params": {},
    "settings": {},
    "revision": 2,
    "deployed_version": 1,
    "owner_id": 1,
    "created_at": "2026-01-02T03:04:05Z",
    "updated_at": "2026-01-02T03:04:05Z",
}
DEPLOYED: dict[str, Any] = {
    "workflow_id": 7,
    "version": 1,
    "is_new": True,
    "dag_id": "workflow_7",
    "next_ticks": [],
    "warnings": [],
}


def _number(stated: Any) -> Any:
    # Who puts the number into a template of JSON leaves the quotes around it.
    return int(stated) if isinstance(stated, str) and re.fullmatch(ID_TEXT, stated) else stated


IdInQuotes = Annotated[
    numbers.Id,
    BeforeValidator(
        _number, json_schema_input_type=numbers.Id | Annotated[str, Field(pattern=ID_TEXT, title="In quotes")]
    ),
]


VERSION: dict[str, Any] = {
    "version": 1,
    "digest": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    "tasks": 2,
    "deployed_by": 1,
    "deployed_at": "2026-01-02T03:04:05Z",
}


class WorkflowCreate(WorkflowDefinition):
    """A workflow to make; its tasks may come with it or one by one."""

    model_config = ConfigDict(json_schema_extra={"examples": [NEW_WORKFLOW]})


class WorkflowChange(BaseModel):
    """What is to be another one of a workflow; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"is_active": False}]})

    name: str | None = Field(default=None, min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=2_000)
    schedule: ScheduleField = None
    is_active: StrictBool | None = None
    params: dict[str, Any] | None = None
    settings: WorkflowSettings | None = None


class TaskCreate(Task):
    """A task to add to a workflow."""

    model_config = ConfigDict(json_schema_extra={"examples": [NEW_TASK]})

    workflow_id: IdInQuotes

    def as_task(self) -> Task:
        """Return the task itself."""
        return Task(**self.model_dump(exclude={"workflow_id"}, exclude_unset=True))


class TaskChange(BaseModel):
    """What is to be another one of a task; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"retry_count": 3}]})

    name: TaskName | None = None
    kind: TaskKind | None = None
    dependencies: list[TaskName] | None = Field(default=None, max_length=1_000)
    params: dict[str, Any] | None = None
    retry_count: numbers.MaxRetries | None = None
    retry_delay: numbers.RetryDelayS | None = None
    timeout_s: numbers.TimeoutS | None = None
    join: Join | None = None
    when: Expression | None = None
    map_over: Expression | None = None
    max_parallel: TaskLimit | None = None
    on_item_failure: OnItemFailure | None = None
    python_callable: str | None = Field(default=None, max_length=CODE_CHARS_MAX)
    environment: str | None = Field(default=None, max_length=64)
    plugin_name: str | None = Field(default=None, max_length=64)
    plugin_version: str | None = Field(default=None, max_length=64)
    input: Any = None
    wait_s: LongWaitS | None = None
    form: dict[str, Any] | None = None
    expires_s: LongWaitS | None = None
    workflow: str | None = Field(default=None, max_length=200)


class TaskRead(Task):
    """A task of a workflow."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [TASK]})

    id: int
    task_id: int = Field(description="The same as `id`.")
    workflow_id: int
    created_at: datetime
    updated_at: datetime


class WorkflowRead(BaseModel):
    """A workflow as it is being edited."""

    model_config = ConfigDict(json_schema_extra={"examples": [WORKFLOW]})

    id: int
    workflow_id: int = Field(description="The same as `id`.")
    name: str
    description: str
    schedule: ScheduleField
    is_active: bool
    params: dict[str, Any]
    settings: WorkflowSettings
    revision: int = Field(
        description="Counts changes; send it as `If-Match` to change only what you have read."
    )
    deployed_version: int | None = Field(description="What runs; null until it is deployed.")
    owner_id: int
    created_at: datetime
    updated_at: datetime


class WorkflowDetail(WorkflowRead):
    """A workflow with its tasks."""

    model_config = ConfigDict(json_schema_extra={"examples": [WORKFLOW | {"tasks": [TASK]}]})

    tasks: list[TaskRead]


class WorkflowList(BaseModel):
    """A page of workflows, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [WORKFLOW]}]})

    total: int
    items: list[WorkflowRead]


class Deployed(BaseModel):
    """What was deployed."""

    model_config = ConfigDict(json_schema_extra={"examples": [DEPLOYED]})

    workflow_id: int
    version: int
    is_new: bool = Field(description="False if the version that was deployed already is the same.")
    dag_id: str = Field(description="Under which Airflow knows it, if it is exported.")
    next_ticks: list[datetime] = Field(description="When its schedule will start it.")
    warnings: list[str]


class VersionRead(BaseModel):
    """A version of a workflow."""

    version: int
    digest: str
    tasks: int
    deployed_by: int
    deployed_at: datetime


class VersionList(BaseModel):
    """The versions of a workflow, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"total": 1, "items": [VERSION]}]})

    total: int
    items: list[VersionRead]


def workflow_fields(row: AnyRow) -> dict[str, Any]:
    """Return the fields of a workflow's row as answers show them."""
    return {**row._asdict(), "workflow_id": row.id}


def task_read(row: AnyRow) -> TaskRead:
    """Return a task's row as answers show it."""
    about = {"id": row.id, "task_id": row.id, "workflow_id": row.workflow_id}
    return TaskRead(**row.task, **about, created_at=row.created_at, updated_at=row.updated_at)
