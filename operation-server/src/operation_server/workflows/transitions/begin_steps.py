"""The beginnings of a look: tasks get their steps, and as many steps as there is room for get their jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import orjson

from operation_server.jobs.transitions import NewJob, submit_jobs
from operation_server.workflows.errors import StepRefused
from operation_server.workflows.transitions.begin import NewRun, begin_run
from operation_server.workflows.transitions.look import Look
from operation_server.workflows.transitions.results import Results
from operation_server.workflows.transitions.run_steps import AT_ONCE, Step, list_ready, store_steps
from operation_server.workflows.transitions.run_tasks import TaskBegin, TaskEnd, begin_tasks
from operation_server.workflows.transitions.snapshots import Snapshots
from operation_server.workflows.transitions.step_files import use_step_files
from operation_server.workflows.transitions.step_jobs import StepJobs
from operation_server.workflows.transitions.wake import wake_runs
from satellite.contracts.outcome import ErrorKind
from satellite.contracts.workflow import Task, TaskKind
from satellite.contracts.workflow_run import RunTrigger, StepStatus, TaskStatus

WAITING_KINDS: Final = frozenset({TaskKind.APPROVAL, TaskKind.WAIT})
"""What holds no slot while it is under way."""


class StepBeginner:
    """Begins the tasks and steps of one look."""

    def __init__(self, look: Look) -> None:
        """Begin none yet."""
        self._look = look
        results = Results(look.connection, look.run.id)
        self._jobs = StepJobs(
            connection=look.connection,
            run=look.run,
            version=look.version,
            results=results,
            snapshots=Snapshots(look.connection, look.run.id, results),
            parts=look.parts,
        )
        self._begun: dict[str, TaskBegin] = {}
        self._steps: list[Step] = []

    def begin_task(self, task: Task) -> TaskEnd | None:
        """Note the steps of a task that may begin; return its end if it has none."""
        try:
            if not self._jobs.is_wanted(task):
                return TaskEnd(TaskStatus.SKIPPED, f"not wanted: {task.when}")
            items = None if task.map_over is None else self._jobs.items(task)
        except StepRefused as refusal:
            self._look.change.note_error(task.name, _error_json(refusal))
            return TaskEnd(TaskStatus.FAILED, str(refusal))
        if items is None:
            self._steps.append(Step(task=task.name))
        elif not items:
            return TaskEnd(TaskStatus.COMPLETED, "the list is empty")
        else:
            self._steps += [
                Step(task=task.name, map_index=index, item=item) for index, item in enumerate(items)
            ]
        total = 1 if items is None else len(items)
        self._begun[task.name] = TaskBegin(TaskStatus.RUNNING, total, 0)
        return None

    def begin_steps(self) -> None:
        """Begin as many steps as there is room for, and store all."""
        connection, run, change = self._look.connection, self._look.run, self._look.change
        room = self._room()
        fits = self._first_that_fit(room)
        taken = {id(step) for step in fits}
        later = [step for step in self._steps if id(step) not in taken]
        if run.steps_ready and len(fits) < room:
            known = list_ready(connection, run.id, room=room - len(fits))
            change.ready -= len(known)
            fits += known
        change.ready += len(later)
        self._start(fits)
        store_steps(connection, run.id, [*fits, *later])
        self._note_begun(fits)
        begin_tasks(connection, run.id, self._begun)
        if (run.steps_ready + change.ready > 0 and len(fits) == AT_ONCE) or any(
            step.status is StepStatus.FAILED for step in fits
        ):
            wake_runs(connection, [run.id])

    def _room(self) -> int:
        run, change, most = self._look.run, self._look.change, self._look.settings.max_parallel
        if most is None:
            return AT_ONCE
        active: int = run.steps_open - run.steps_waiting - change.closed - change.waiting
        return max(0, min(AT_ONCE, most - active))

    def _first_that_fit(self, room: int) -> list[Step]:
        taken: Counter[str] = Counter()
        fits: list[Step] = []
        for step in self._steps:
            limit = self._look.graph.tasks[step.task].max_parallel
            if len(fits) < room and (limit is None or taken[step.task] < limit):
                fits.append(step)
                taken[step.task] += 1
        return fits

    def _start(self, steps: Iterable[Step]) -> None:
        """Give each step its job, or what else it waits for."""
        jobs: list[tuple[Step, NewJob]] = []
        for step in steps:
            task = self._look.graph.tasks[step.task]
            try:
                if task.kind in WAITING_KINDS:
                    step.status = StepStatus.WAITING
                    step.due_in_s = task.wait_s if task.kind is TaskKind.WAIT else task.expires_s
                elif task.kind is TaskKind.WORKFLOW:
                    step.job_id = self._begin_child(task, step)
                    step.status = StepStatus.SUBMITTED
                else:
                    jobs.append((step, self._jobs.job_of(task, step)))
                    step.status = StepStatus.SUBMITTED
            except StepRefused as refusal:
                step.status = StepStatus.FAILED
                step.error = orjson.loads(_error_json(refusal))
        if jobs:
            submitted = submit_jobs(self._look.connection, [job for _, job in jobs])
            self._look.entries += submitted.entries
            files = [job.input_files for _, job in jobs]
            use_step_files(self._look.connection, zip(submitted.ids, files, strict=True))
            for (step, _), job_id in zip(jobs, submitted.ids, strict=True):
                step.job_id = job_id

    def _begin_child(self, task: Task, step: Step) -> int:
        """Begin the run of another workflow that does a step, and return its number."""
        stated = self._jobs.rendered(task, step)
        if not isinstance(stated, dict | None):
            raise StepRefused("input is no object of params")
        pin = self._look.version.pins.workflows[task.name]
        version = self._look.parts.versions.get(self._look.connection, pin.version_id)
        begun = begin_run(
            self._look.connection,
            NewRun(
                version=version,
                owner_id=self._look.run.owner_id,
                trigger=RunTrigger.WORKFLOW,
                params={**version.definition.params, **(stated or {})},
                priority=self._look.run.priority,
                logical_date=self._look.run.logical_date,
                data_interval=(self._look.run.data_interval_start, self._look.run.data_interval_end),
                parent_run_id=self._look.run.id,
            ),
        )
        self._look.entries += begun.entries
        return begun.key.job_id

    def _note_begun(self, steps: Iterable[Step]) -> None:
        for step in steps:
            waits = step.status is StepStatus.WAITING
            self._look.change.opened += 1
            self._look.change.waiting += waits
            status = TaskStatus.WAITING if waits else TaskStatus.RUNNING
            known = self._begun.get(step.task, TaskBegin(status, None, 0))
            self._begun[step.task] = known._replace(status=status, begun=known.begun + 1)
            self._look.note(step.task, status, job_id=step.job_id if step.map_index < 0 else None)


def _error_json(refusal: StepRefused) -> str:
    return orjson.dumps({"kind": ErrorKind.INPUT, "message": str(refusal)}).decode()
