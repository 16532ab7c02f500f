"""What a restart takes over from a run, what runs again, and why; for a look before as for the deed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from operation_server.workflows.definitions import task_document
from operation_server.workflows.graph import WorkflowGraph
from satellite.contracts.workflow_run import TaskStatus

TAKEN_OVER = frozenset({TaskStatus.COMPLETED, TaskStatus.SKIPPED})


class Action(StrEnum):
    """What a restart does with a task."""

    REUSE = "reuse"
    RUN = "run"


class TaskPlan(NamedTuple):
    """What a restart does with a task, and why."""

    task: str
    action: Action
    reason: str


def plan_restart(
    graph: WorkflowGraph,
    statuses: Mapping[str, TaskStatus],
    *,
    changed: Collection[str],
    asked: Collection[str] | None = None,
    has_other_params: bool = False,
) -> list[TaskPlan]:
    """Return what a restart does with each task of `graph`, in its order.

    `statuses` are those of the run that is restarted, `changed` the tasks whose result may be another one in
    the version that it restarts with. `asked` are to run with all that comes after them; None: whatever did
    not complete.
    """
    reasons: dict[str, str] = {}
    for name in graph.tasks:
        if has_other_params:
            reasons[name] = "the params are others"
        elif name in (asked or ()):
            reasons[name] = "asked for"
        elif name in changed:
            reasons[name] = "it, or what comes before it, is another one in this version"
        elif statuses.get(name) not in TAKEN_OVER:
            reasons[name] = f"it was {statuses.get(name, 'not part of the run')}"
    for name in list(reasons):
        for below in graph.descendants(name):
            reasons.setdefault(below, f"it comes after {name}")
    return [_planned(name, reasons, statuses) for name in graph.tasks]


def _planned(name: str, reasons: Mapping[str, str], statuses: Mapping[str, TaskStatus]) -> TaskPlan:
    if name in reasons:
        return TaskPlan(name, Action.RUN, reasons[name])
    return TaskPlan(name, Action.REUSE, f"it has {statuses[name]}, and nothing before it changes")


def digests_of(graph: WorkflowGraph, pins: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of what a task's result follows from, by its name: itself, and what is before it."""
    digests: dict[str, str] = {}

    def digest(name: str) -> str:
        if name not in digests:
            stated = {
                "task": task_document(graph.tasks[name]),
                "pin": pins.get(name),
                "before": [digest(each) for each in sorted(graph.upstream(name))],
            }
            text = json.dumps(stated, sort_keys=True, separators=(",", ":"), default=str)
            digests[name] = hashlib.sha256(text.encode()).hexdigest()
        return digests[name]

    for name in _in_order(graph):
        digest(name)
    return digests


def changed_between(before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
    """Return the tasks of a later version whose digest is another one than in an earlier one."""
    return frozenset(name for name, digest in after.items() if before.get(name) != digest)


def _in_order(graph: WorkflowGraph) -> list[str]:
    """Return the tasks, each after all before it, so that no recursion gets deep."""
    left = {name: len(graph.upstream(name)) for name in graph.tasks}
    ready = [name for name, count in left.items() if count == 0]
    for name in ready:
        for below in graph.downstream[name]:
            left[below] -= 1
            if left[below] == 0:
                ready.append(below)
    return ready
