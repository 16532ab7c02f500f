"""Makes the jobs of steps: what a task says, with what those before it came to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson
from pydantic import ValidationError
from sqlalchemy import Connection, Row

from operation_server.jobs.transitions import NewJob
from operation_server.workflows.errors import StepRefused
from operation_server.workflows.expressions.checks import tasks_read, tasks_read_in
from operation_server.workflows.expressions.errors import ExpressionFailed
from operation_server.workflows.transitions.advance_parts import AdvanceParts
from operation_server.workflows.transitions.results import Results
from operation_server.workflows.transitions.run_steps import UNMAPPED, Step
from operation_server.workflows.transitions.snapshots import Snapshots
from operation_server.workflows.transitions.step_files import hold_step_files
from operation_server.workflows.transitions.versions import DeployedVersion, PluginPin, find_input_schema
from satellite.contracts.attempt_files import InputFile
from satellite.contracts.gpu_job import GPU_JOB, required
from satellite.contracts.json_text import JSONRefused, json_pointer, write_json
from satellite.contracts.plugin_manifest import RetryPolicy
from satellite.contracts.workflow import Task, TaskKind

INPUT_BYTES_MAX: Final = 1_000_000
ITEMS_MAX: Final = 10_000
NAMES_BYTES: Final = 10_000
"""Kept free for the names of files, of which there are few."""
TAKES_FILES: Final = "value_files"
"""What the input schemas of those versions of `python-task` have that can be given files."""


@dataclass(frozen=True, kw_only=True)
class StepJobs:
    """Makes jobs for one run; its methods raise `StepRefused` where a step cannot be what its task says."""

    connection: Connection
    run: Row[Any]
    version: DeployedVersion
    results: Results
    snapshots: Snapshots
    parts: AdvanceParts

    def variables(
        self, task: Task, read: Collection[str], item: Any = None, *, with_files: bool = False
    ) -> dict[str, Any]:
        """Return what the expressions of a task may speak of, and of results only those that they read."""
        tasks = self.version.graph.tasks
        python = [name for name in read if tasks[name].kind is TaskKind.PYTHON]
        return {
            "results": self.results.plain_results(
                read, python=python, mapped=self._mapped(read), with_files=with_files
            ),
            "params": self._params(task),
            "run": {
                "id": self.run.id,
                "logical_date": self.run.logical_date.isoformat(),
                "data_interval_start": self.run.data_interval_start.isoformat(),
                "data_interval_end": self.run.data_interval_end.isoformat(),
                "trigger": self.run.trigger,
            },
            "item": item,
        }

    def is_wanted(self, task: Task) -> bool:
        """Tell whether the condition of a task holds."""
        if task.when is None:
            return True
        holds = self._evaluate("when", task.when, task)
        if not isinstance(holds, bool):
            raise StepRefused(f"when is {_shown(holds)}, neither true nor false: {task.when}")
        return holds

    def items(self, task: Task) -> list[Any]:
        """Return the items that a mapped task runs for."""
        items = self._evaluate("map_over", task.map_over or "", task)
        if not isinstance(items, list):
            raise StepRefused(f"map_over is {_shown(items)}, no list: {task.map_over}")
        if len(items) > ITEMS_MAX:
            raise StepRefused(f"map_over has {len(items)} items; a task runs for at most {ITEMS_MAX}")
        return items

    def job_of(self, task: Task, step: Step) -> NewJob:
        """Return the job that does a step of a Python task or a plugin."""
        pin = self.version.pins.plugins[task.name]
        files: list[InputFile] = []
        if task.kind is TaskKind.PYTHON:
            text, files = self._snippet(task, step, pin)
        else:
            text, files = self._input(task, step, pin)
        if len(text) > INPUT_BYTES_MAX:
            raise StepRefused(
                f"what it is given is {len(text)} bytes, more than {INPUT_BYTES_MAX}: let the tasks before "
                "it push less, or write files"
            )
        retry = _retry(task)
        return NewJob(
            owner_id=self.run.owner_id,
            plugin_id=pin.plugin_id,
            plugin_name=pin.name,
            plugin_version=pin.version,
            input_json=text,
            input_files=files,
            requires_json=_requires(pin, text),
            priority=self.run.priority,
            timeout_s=min(task.timeout_s or pin.timeout_s, pin.timeout_s),
            max_retries=pin.max_retries if retry is None else retry.max_retries,
            retry=retry,
            expires_in_s=pin.queue_ttl_s,
            run_id=self.run.id,
        )

    def rendered(self, task: Task, step: Step) -> Any:
        """Return the input of a task with its expressions replaced by their values."""
        try:
            variables = self.variables(task, tasks_read_in(task.input), step.item, with_files=True)
            return self.parts.expressions.render(task.input, variables)
        except ExpressionFailed as error:
            raise StepRefused(f"input: {error}") from error

    def _input(self, task: Task, step: Step, pin: PluginPin) -> tuple[str, list[InputFile]]:
        value = self.rendered(task, step)
        try:
            text = write_json(value)
        except JSONRefused as refusal:
            raise StepRefused(f"input{refusal.pointer} {refusal.reason}") from refusal
        schema_of = partial(find_input_schema, self.connection)
        checked = self.parts.inputs.check(pin.plugin_id, value, text, schema_of=schema_of)
        if checked.faults:
            more = f" (and {len(checked.faults) - 1} more)" if len(checked.faults) > 1 else ""
            raise StepRefused(f"input breaks the schema of {pin.name}: {checked.faults[0]}{more}")
        if not checked.references:
            return text, []
        return text, hold_step_files(self.connection, self.run.owner_id, checked.references)

    def _snippet(self, task: Task, step: Step, pin: PluginPin) -> tuple[str, list[InputFile]]:
        asked: dict[str, Any] = {
            "action": "run",
            "code": task.python_callable,
            "context": self._context(task, step),
        }
        before = self.version.graph.ancestors(task.name)
        room = INPUT_BYTES_MAX - len(orjson.dumps(asked)) - sum(map(len, before)) - NAMES_BYTES
        snapshot = self.snapshots.of(before, mapped=self._mapped(before), room=room)
        text = orjson.dumps(asked | snapshot.parts).decode()
        if not snapshot.stored and not snapshot.written:
            return text, []
        if TAKES_FILES not in find_input_schema(self.connection, pin.plugin_id)["properties"]:
            raise StepRefused(
                f"tasks before it have pushed more than {pin.name} {pin.version} can be given: deploy it "
                "with a newer version, or let them push less"
            )
        stored = hold_step_files(self.connection, self.run.owner_id, snapshot.stored)
        return text, stored + snapshot.written

    def _mapped(self, tasks: Collection[str]) -> list[str]:
        return [name for name in tasks if self.version.graph.tasks[name].map_over is not None]

    def _context(self, task: Task, step: Step) -> dict[str, Any]:
        run = self.run
        return {
            "task_id": task.name,
            "map_index": None if step.map_index == UNMAPPED else step.map_index,
            "item": step.item,
            "dag_id": f"workflow_{run.workflow_id}",
            "workflow": self.version.definition.name,
            "run_id": run.id,
            "params": self._params(task),
            "logical_date": run.logical_date,
            "data_interval_start": run.data_interval_start,
            "data_interval_end": run.data_interval_end,
        }

    def _params(self, task: Task) -> Mapping[str, Any]:
        """Return those of the workflow, the task's over them, and over all what the run states otherwise."""
        usual = self.version.definition.params
        stated = {
            name: value
            for name, value in self.run.params.items()
            if name not in usual or usual[name] != value
        }
        return {**usual, **task.params, **stated}

    def _evaluate(self, what: str, expression: str, task: Task) -> Any:
        try:
            variables = self.variables(task, tasks_read(expression))
            return self.parts.expressions.evaluate(expression, variables)
        except ExpressionFailed as error:
            files = self.results.files_of(tasks_read(expression))
            hint = f" (conditions and lists cannot read files: {', '.join(files)})" if files else ""
            raise StepRefused(f"{what}: {error}{hint}") from error


def _retry(task: Task) -> RetryPolicy | None:
    """Return the policy that a task states; a plugin's own holds where its task states none."""
    if task.kind is TaskKind.PLUGIN and "retry_count" not in task.model_fields_set:
        return None
    return RetryPolicy(
        max_retries=task.retry_count, delay_s=task.retry_delay, factor=1, max_delay_s=task.retry_delay
    )


def _requires(pin: PluginPin, text: str) -> str:
    """Return what a step's job requires of its worker beside what its plugin does; only GPU jobs do."""
    if pin.name != GPU_JOB:
        return "{}"
    try:
        return required(orjson.loads(text)).model_dump_json()
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise StepRefused(f"input{json_pointer(fault['loc'])} {fault['msg']}") from error


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
