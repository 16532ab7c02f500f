"""What becomes of a task, and of a run: the rules, and nothing that asks the database or a clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from operation_server.workflows.graph import WorkflowGraph
from satellite.contracts.job import JobStatus
from satellite.contracts.workflow import Join
from satellite.contracts.workflow_run import TaskStatus

FAILED = frozenset({TaskStatus.FAILED, TaskStatus.BLOCKED, TaskStatus.CANCELLED})
"""What counts as a failure for the tasks after it."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """How the tasks ended that a task waits for."""

    completed: int = 0
    failed: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Steps:
    """How many steps a task has, and how they ended."""

    total: int
    completed: int = 0
    failed: int = 0
    cancelled: int = 0


def judge(join: Join, upstream: Upstream, *, is_cancelling: bool) -> TaskStatus:
    """Return what becomes of a task once all before it has ended: `RUNNING` lets it begin."""
    if is_cancelling:
        return TaskStatus.RUNNING if join is Join.ALWAYS else TaskStatus.CANCELLED
    if join in {Join.ALL_DONE, Join.ALWAYS}:
        return TaskStatus.RUNNING
    if join is Join.ONE_FAILED:
        return TaskStatus.RUNNING if upstream.failed else TaskStatus.SKIPPED
    if upstream.failed:
        return TaskStatus.BLOCKED
    if join is Join.ALL_SUCCESS:
        return TaskStatus.SKIPPED if upstream.skipped else TaskStatus.RUNNING
    return TaskStatus.SKIPPED if upstream.skipped and not upstream.completed else TaskStatus.RUNNING


def task_end(steps: Steps) -> TaskStatus | None:
    """Return how a task has ended, or None while steps of it are under way."""
    if steps.completed + steps.failed + steps.cancelled < steps.total:
        return None
    if steps.failed:
        return TaskStatus.FAILED
    return TaskStatus.CANCELLED if steps.cancelled else TaskStatus.COMPLETED


def tasks_again(graph: WorkflowGraph, statuses: Mapping[str, TaskStatus]) -> frozenset[str]:
    """Return the tasks of a run that a retry runs again: what has failed, and what did not run because of it.

    What ran after a failure, because it was there for that, is not repeated.
    """
    failed = {name for name, status in statuses.items() if status in FAILED}
    below = {each for name in failed for each in graph.descendants(name)}
    return frozenset(failed | {name for name in below if statuses[name] is TaskStatus.SKIPPED})


def run_end(*, has_failed: bool, is_cancelling: bool) -> JobStatus:
    """Return how a run has ended all of whose tasks have.

    A failure that another task was there for is a failure of the run all the same.
    """
    if is_cancelling:
        return JobStatus.CANCELLED
    return JobStatus.FAILED if has_failed else JobStatus.COMPLETED
