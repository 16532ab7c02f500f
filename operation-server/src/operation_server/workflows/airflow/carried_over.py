"""Finds what of a workflow has nothing in Airflow that does exactly the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from operation_server.workflows.airflow.obstacles import Obstacle
from satellite.contracts.workflow import (
    Catchup,
    Join,
    OnItemFailure,
    Overlap,
    Schedule,
    Task,
    TaskKind,
    WorkflowDefinition,
    WorkflowSettings,
)

ITEMS_MAX: Final = 1_024
"""As long as Airflow lets a list of items become by default."""

_KINDS: Final = {
    TaskKind.PLUGIN: "plugins run in Satellite alone; use the mirror, which leaves them there",
    TaskKind.APPROVAL: "Airflow 2 has no approvals; use the mirror, which waits for that of Satellite",
    TaskKind.WORKFLOW: "Airflow knows other workflows by their numbers and not by name; use the mirror",
}
_CATCHUP: Final = {
    Catchup.NONE: "Airflow always makes up for the latest tick; say latest",
    Catchup.ALL: "Airflow makes up for all ticks since its DAG began, after a pause too; say latest",
}
_OVERLAP: Final = {
    Overlap.QUEUE_ALL: "Airflow drops ticks that pass while it is busy; say queue_one or allow",
    Overlap.SKIP: "Airflow runs later what it could not run at once; say queue_one or allow",
    Overlap.REPLACE: "Airflow ends no run for another; say queue_one or allow",
}


def obstacles(definition: WorkflowDefinition) -> list[Obstacle]:
    """Return each field that does not carry over, in the order of the definition."""
    found = [*_of_schedule(definition.schedule), *_of_settings(definition.settings)]
    for index, task in enumerate(definition.tasks):
        found += [Obstacle(task.name, f"/tasks/{index}/{field}", why) for field, why in _of_task(task)]
    return found


def items_of(expression: str) -> list[Any] | None:
    """Return the items of an expression that is a list as JSON writes it, or nothing if it is none."""
    try:
        items = json.loads(expression)
    except (ValueError, RecursionError):
        return None
    return items if isinstance(items, list) else None


def _of_schedule(schedule: Schedule | None) -> Iterator[Obstacle]:
    if schedule is None:
        return
    if schedule.catchup in _CATCHUP:
        yield Obstacle(None, "/schedule/catchup", _CATCHUP[schedule.catchup])
    if schedule.overlap in _OVERLAP:
        yield Obstacle(None, "/schedule/overlap", _OVERLAP[schedule.overlap])
    if schedule.cron is not None and _is_read_otherwise(schedule.cron):
        why = "of two fields of days, one with `*/`, Airflow runs if either fits and not only if both do"
        yield Obstacle(None, "/schedule/cron", why)


def _is_read_otherwise(cron: str) -> bool:
    days = cron.split()[2::2]
    return len(days) == 2 and "*" not in days and any(day.startswith("*") for day in days)


def _of_settings(settings: WorkflowSettings) -> Iterator[Obstacle]:
    if settings.concurrency_key is not None:
        yield Obstacle(None, "/settings/concurrency_key", "Airflow has no limit of runs that are alike")
    if settings.priority:
        yield Obstacle(None, "/settings/priority", "Airflow orders the tasks of a pool, not runs")


def _of_task(task: Task) -> Iterator[tuple[str, str]]:
    if task.kind in _KINDS:
        yield "kind", _KINDS[task.kind]
    if task.environment is not None:
        yield "environment", "the libraries are those of Airflow; leave the version open"
    if task.when is not None:
        yield "when", "Airflow has no conditions in CEL; let the snippet decide, or use the mirror"
    if task.join is Join.ALWAYS:
        yield "join", "Airflow runs nothing more in a run that was ended; say all_done"
    if task.join is Join.ONE_FAILED and len(task.dependencies) != 1:
        yield "join", "Airflow begins at the first failure, and not once all have ended; name one dependency"
    if task.map_over is not None:
        yield from _of_map(task, task.map_over)


def _of_map(task: Task, expression: str) -> Iterator[tuple[str, str]]:
    items = items_of(expression)
    if task.kind is not TaskKind.PYTHON:
        yield "map_over", "only snippets are mapped in the export"
    elif items is None:
        yield (
            "map_over",
            "Airflow skips a task and what follows it if a list turns out empty; only a list as such",
        )
    elif not 0 < len(items) <= ITEMS_MAX:
        yield "map_over", f"Airflow maps over 1 to {ITEMS_MAX} items"
    elif any(mark in expression for mark in ("{{", "{%", "{#")):
        yield "map_over", "Airflow would take the braces of an item for a template"
    if task.on_item_failure is OnItemFailure.FAIL_FAST:
        yield "on_item_failure", "Airflow runs all items; say collect"
