"""A workflow as its author states it: tasks, what each waits for, and when the whole runs.

This is the draft that `PUT /workflows/{id}/definition` takes and what a deployed version keeps. What needs
more than the document itself (plugins, conditions, cycles) is checked where it is deployed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)

from satellite.contracts import numbers
from satellite.contracts.plugin_manifest import PluginName, PluginVersion

TASK_NAME_PATTERN: Final = r"^[A-Za-z_][A-Za-z0-9_.-]{0,99}$"
CODE_CHARS_MAX: Final = 262_144
EXPRESSION_CHARS_MAX: Final = 1_024
TASKS_MAX: Final = 5_000

TaskName = Annotated[str, StringConstraints(pattern=TASK_NAME_PATTERN)]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=EXPRESSION_CHARS_MAX)]
"""A condition or a value in CEL, over `results`, `params` and `run`."""
TaskLimit = Annotated[int, Field(ge=1, le=10_000), numbers.NUMBER]
RunLimit = Annotated[int, Field(ge=1, le=1_000), numbers.NUMBER]
LongWaitS = Annotated[float, Field(ge=1, le=366 * numbers.DAY_S, allow_inf_nan=False), numbers.NUMBER]


class TaskKind(StrEnum):
    """What a task does."""

    PYTHON = "python"
    """Runs a snippet of Python in the built-in plugin `python-task`."""
    PLUGIN = "plugin"
    """Runs a registered plugin."""
    APPROVAL = "approval"
    """Waits until somebody approves, and holds no slot meanwhile."""
    WAIT = "wait"
    """Waits for a time."""
    WORKFLOW = "workflow"
    """Runs another workflow."""


class Join(StrEnum):
    """When a task runs, once all that it depends on has ended."""

    DEFAULT = "default"
    """If nothing has failed and something has completed; skipped if all was skipped."""
    ALL_SUCCESS = "all_success"
    ALL_DONE = "all_done"
    """Whatever became of them."""
    ONE_FAILED = "one_failed"
    ALWAYS = "always"
    """Whatever became of them, also when the run is being cancelled."""


class OnItemFailure(StrEnum):
    """What follows when an item of a mapped task fails."""

    FAIL_FAST = "fail_fast"
    """No further item begins."""
    COLLECT = "collect"
    """All items run, and then the task has failed."""


class Catchup(StrEnum):
    """Which ticks that passed while the platform was down are made up for."""

    NONE = "none"
    LATEST = "latest"
    ALL = "all"


class Overlap(StrEnum):
    """What happens at a tick while an earlier scheduled run has not ended."""

    QUEUE_ONE = "queue_one"
    QUEUE_ALL = "queue_all"
    SKIP = "skip"
    REPLACE = "replace"
    ALLOW = "allow"


class DefinitionPart(BaseModel):
    """A part of a definition: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Schedule(DefinitionPart):
    """When a workflow runs by itself."""

    cron: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Five fields, or one of @hourly, @daily, @weekly, @monthly, @yearly.",
    )
    every_s: LongWaitS | None = Field(default=None, description="Instead of `cron`: so many seconds apart.")
    timezone: str = Field(default="UTC", max_length=64, description="An IANA name, such as Asia/Seoul.")
    catchup: Catchup = Catchup.LATEST
    overlap: Overlap = Overlap.QUEUE_ONE

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if (self.cron is None) == (self.every_s is None):
            raise ValueError("a schedule has either cron or every_s")
        return self


def _schedule(stated: Any) -> Any:
    # An expression alone and an object that holds nothing else are one schedule.
    return {"cron": stated} if isinstance(stated, str) else stated


ScheduleField = Annotated[
    Schedule | None, BeforeValidator(_schedule, json_schema_input_type=Schedule | str | None)
]


class Task(DefinitionPart):
    """One node of a workflow."""

    name: TaskName
    kind: TaskKind = TaskKind.PYTHON
    dependencies: list[TaskName] = Field(default_factory=list, max_length=1_000)
    params: dict[str, Any] = Field(
        default_factory=dict, description="Over those of the workflow; what a run states goes over both."
    )
    retry_count: numbers.MaxRetries = 0
    retry_delay: numbers.RetryDelayS = Field(default=300, description="Seconds before each retry.")
    timeout_s: numbers.TimeoutS | None = None
    join: Join = Join.DEFAULT
    when: Expression | None = Field(default=None, description="Skipped unless this is true.")
    map_over: Expression | None = Field(default=None, description="A list; the task runs once for each item.")
    max_parallel: TaskLimit | None = Field(default=None, description="Items that run at once.")
    on_item_failure: OnItemFailure = OnItemFailure.FAIL_FAST

    python_callable: str | None = Field(default=None, max_length=CODE_CHARS_MAX, description="Of `python`.")
    environment: PluginVersion | None = Field(
        default=None, description="Of `python`: the version of the plugin python-task, by default the newest."
    )
    plugin_name: PluginName | None = Field(default=None, description="Of `plugin`.")
    plugin_version: PluginVersion | None = None
    input: Any = Field(
        default=None,
        description="Of `plugin`, its input, and of `workflow`, its params. A text `${{ … }}` stands for the "
        "value of the expression in it.",
    )
    wait_s: LongWaitS | None = Field(default=None, description="Of `wait`.")
    form: dict[str, Any] | None = Field(default=None, description="Of `approval`: JSON Schema of its data.")
    expires_s: LongWaitS | None = Field(default=None, description="Of `approval`: rejected after that.")
    workflow: str | None = Field(
        default=None, max_length=200, description="Of `workflow`: the name of the other."
    )

    def document(self) -> dict[str, Any]:
        """Return the task as it is stored: its name, and what its author has stated."""
        return {"name": self.name, **self.model_dump(mode="json", exclude_unset=True)}


OF_KIND: Final[dict[TaskKind, tuple[str, ...]]] = {
    TaskKind.PYTHON: ("python_callable", "environment"),
    TaskKind.PLUGIN: ("plugin_name", "plugin_version", "input"),
    TaskKind.APPROVAL: ("form", "expires_s"),
    TaskKind.WAIT: ("wait_s",),
    TaskKind.WORKFLOW: ("workflow", "input"),
}
"""The fields that only some kinds of task have."""
NEEDED: Final[dict[TaskKind, str]] = {
    TaskKind.PYTHON: "python_callable",
    TaskKind.PLUGIN: "plugin_name",
    TaskKind.WAIT: "wait_s",
    TaskKind.WORKFLOW: "workflow",
}
"""The field without which a task of the kind cannot run."""


class WorkflowSettings(DefinitionPart):
    """Limits of a workflow's runs."""

    max_active_runs: RunLimit | None = Field(
        default=None, description="Runs at once; those that only wait for people or time do not count."
    )
    max_parallel: TaskLimit | None = Field(default=None, description="Steps of one run at once.")
    concurrency_key: Expression | None = Field(
        default=None, description="Of runs for which this is equal, one runs at a time."
    )
    deadline_s: LongWaitS | None = Field(default=None, description="After which a run is cancelled.")
    priority: numbers.Priority = 0


EXAMPLE: Final[dict[str, Any]] = {
    "name": "ml_pipeline_example",
    "schedule": {"cron": "@daily", "timezone": "Asia/Seoul"},
    "tasks": [
        {"name": "load", "python_callable": "def main(context):\n    return [1, 2, 3]\n"},
        {
            "name": "train",
            "dependencies": ["load"],
            "python_callable": "print(context['ti'].xcom_pull(task_ids='load'))",
            "retry_count": 2,
            "retry_delay": 60,
        },
    ],
}


class WorkflowDefinition(DefinitionPart):
    """A whole workflow as one document."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=2_000)
    schedule: ScheduleField = None
    is_active: StrictBool = Field(default=True, description="Whether its schedule starts runs.")
    params: dict[str, Any] = Field(
        default_factory=dict, description="What a run has unless it states others."
    )
    settings: WorkflowSettings = WorkflowSettings()
    tasks: list[Task] = Field(default_factory=list, max_length=TASKS_MAX)

    def document(self) -> dict[str, Any]:
        """Return the definition as it is shown and kept: what differs from the defaults, in their order."""
        stated = self.model_dump(mode="json", exclude_defaults=True)
        # Of a plugin's task it makes a difference whether its retries are stated.
        stated["tasks"] = [task.document() for task in self.tasks]
        return stated
