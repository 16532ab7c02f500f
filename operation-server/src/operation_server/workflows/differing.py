"""What differs between two documents of a workflow, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

TASKS: Final = "tasks"
NAME: Final = "name"


class Change(StrEnum):
    """What has become of a task."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class FieldDifference(BaseModel):
    """A field that is another one; what is as if nobody had said it is null."""

    field: str
    before: Any
    after: Any


class TaskDifference(BaseModel):
    """A task that is another one, or is on one side only."""

    task: str
    change: Change
    fields: list[FieldDifference] = Field(description="Of one that was changed.")


EXAMPLE: Final[dict[str, Any]] = {
    "before": 1,
    "after": 2,
    "is_different": True,
    "fields": [{"field": "params", "before": {"rows": 20}, "after": {"rows": 30}}],
    "tasks": [
        {
            "task": "fit_line",
            "change": "changed",
            "fields": [{"field": "retry_count", "before": None, "after": 2}],
        }
    ],
    "order_of_tasks": False,
}


class WorkflowDifference(BaseModel):
    """What differs between two versions, or a version and the draft."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    before: int
    after: int | None = Field(description="None: the draft.")
    is_different: bool
    fields: list[FieldDifference]
    tasks: list[TaskDifference]
    order_of_tasks: bool = Field(description="Whether tasks of both stand in another order.")


def difference_of(
    before: Mapping[str, Any], after: Mapping[str, Any], *, version: int, against: int | None
) -> WorkflowDifference:
    """Return what differs between the documents of a version and of what it is compared with."""
    old, new = _tasks(before), _tasks(after)
    fields = list(_fields(before, after, without=TASKS))
    tasks = list(_task_differences(old, new))
    moved = [name for name in old if name in new] != [name for name in new if name in old]
    return WorkflowDifference(
        before=version,
        after=against,
        is_different=bool(fields or tasks or moved),
        fields=fields,
        tasks=tasks,
        order_of_tasks=moved,
    )


def _task_differences(
    old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]
) -> Iterator[TaskDifference]:
    for name in (*old, *(name for name in new if name not in old)):
        if name not in new:
            yield TaskDifference(task=name, change=Change.REMOVED, fields=[])
        elif name not in old:
            yield TaskDifference(task=name, change=Change.ADDED, fields=[])
        elif fields := list(_fields(old[name], new[name], without=NAME)):
            yield TaskDifference(task=name, change=Change.CHANGED, fields=fields)


def _fields(
    before: Mapping[str, Any], after: Mapping[str, Any], *, without: str
) -> Iterator[FieldDifference]:
    for name in (*before, *(name for name in after if name not in before)):
        if name != without and before.get(name) != after.get(name):
            yield FieldDifference(field=name, before=before.get(name), after=after.get(name))


def _tasks(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {task[NAME]: task for task in document.get(TASKS, [])}
