"""The ends of a look: steps that have ended are counted, tasks end, and those that waited may begin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row

from operation_server.workflows.plan import Steps, Upstream, judge, task_end
from operation_server.workflows.transitions.begin_steps import WAITING_KINDS, StepBeginner
from operation_server.workflows.transitions.look import Look
from operation_server.workflows.transitions.run_tasks import (
    TaskEnd,
    count_ended,
    drop_ready,
    end_and_spread,
    list_unblocked,
)
from satellite.contracts.workflow import OnItemFailure
from satellite.contracts.workflow_run import StepStatus, TaskStatus


class TaskEnder:
    """Ends the tasks of one look."""

    def __init__(self, look: Look, beginner: StepBeginner) -> None:
        """Take who begins those that may."""
        self._look = look
        self._beginner = beginner

    def settle(self) -> None:
        """End tasks all of whose steps have ended and begin those that waited for them, wave after wave."""
        finished = self._count_ended()
        ready: list[str] = []
        if self._look.is_new:
            ready = self._sort(list_unblocked(self._look.connection, self._look.run.id), finished)
        while True:
            for name in ready:
                if (end := self._beginner.begin_task(self._look.graph.tasks[name])) is not None:
                    finished[name] = end
            if not finished:
                return
            unlocked = end_and_spread(self._look.connection, self._look.run.id, finished, self._look.graph)
            self._look.change.tasks_ended += len(finished)
            for name, end in finished.items():
                self._look.note(name, end.status, reason=end.reason)
            finished = {}
            ready = self._sort(unlocked, finished)

    def _count_ended(self) -> dict[str, TaskEnd]:
        """Return the tasks all of whose steps have ended."""
        counters: dict[str, Row[Any]] = {}
        for row in count_ended(self._look.connection, self._look.run.id):
            counters[row.task] = row
            self._look.change.closed += 1
            self._look.change.waiting -= self._look.graph.tasks[row.task].kind in WAITING_KINDS
            if row.status == StepStatus.FAILED and row.error is not None:
                self._look.change.note_error(row.task, row.error)
            self._look.note(row.task, TaskStatus.RUNNING, job_id=row.job_id if row.map_index < 0 else None)
        return dict(self._ends(counters))

    def _ends(self, counters: Mapping[str, Row[Any]]) -> Iterable[tuple[str, TaskEnd]]:
        for name, row in counters.items():
            counted = row
            fails_fast = self._look.graph.tasks[name].on_item_failure is OnItemFailure.FAIL_FAST
            if row.steps_failed and fails_fast and row.steps_begun < row.steps_total:
                counted = drop_ready(self._look.connection, self._look.run.id, name)
                self._look.change.ready -= counted.dropped
            steps = Steps(
                counted.steps_total, counted.steps_completed, counted.steps_failed, counted.steps_cancelled
            )
            self._look.note(
                name,
                TaskStatus.RUNNING,
                steps={"total": steps.total, "completed": steps.completed, "failed": steps.failed},
            )
            if (status := task_end(steps)) is not None:
                yield name, TaskEnd(status, self._look.change.reason_of(name))

    def _sort(self, rows: Iterable[Row[Any]], finished: dict[str, TaskEnd]) -> list[str]:
        """Return the tasks that may begin of those that wait for no other; the rest has ended."""
        ready = []
        for row in rows:
            status = self._judged(row)
            if status is TaskStatus.RUNNING:
                ready.append(row.task)
            else:
                finished[row.task] = TaskEnd(status, _why(status))
        return ready

    def _judged(self, row: Row[Any]) -> TaskStatus:
        return judge(
            self._look.graph.tasks[row.task].join,
            Upstream(row.upstream_completed, row.upstream_failed, row.upstream_skipped),
            is_cancelling=self._look.is_cancelling,
        )


def _why(status: TaskStatus) -> str | None:
    return {
        TaskStatus.BLOCKED: "a task before it has failed",
        TaskStatus.SKIPPED: "all before it was skipped",
        TaskStatus.CANCELLED: "the run was cancelled",
    }.get(status)
