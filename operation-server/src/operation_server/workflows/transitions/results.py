"""What earlier steps of a run came to, for those that come after them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson
from pydantic_core import from_json
from sqlalchemy import Connection, text

from operation_server.models.pushed_values import FILES, STEPS_AND_JOBS, TASK_OF_RUN, VALUES
from operation_server.workflows.errors import StepRefused
from operation_server.workflows.tagged_values import plain
from satellite.contracts.file_reference import FILE_KEY
from satellite.contracts.python_task import RETURN_VALUE

READ_BYTES_MAX: Final = 16_000_000
"""Of one task, for an expression."""
ITEM_BYTES: Final = 40
"""Around what an item has pushed, where it stands in an input."""

# As text: what is only handed on is not parsed on its way. A task that has pushed more than may be read gives
# its size and no values.
SELECT: Final = text(f"""
    SELECT task, map_index, size_bytes, files,
           CASE WHEN size_bytes <= :bytes_max THEN pushed END AS pushed
    FROM (
        SELECT p.*, sum(octet_length(p.pushed) + {ITEM_BYTES}) OVER (PARTITION BY p.task) AS size_bytes
        FROM (
            SELECT s.task, s.map_index, CAST({VALUES} AS text) AS pushed, {FILES} AS files
            FROM {STEPS_AND_JOBS}
            WHERE {TASK_OF_RUN} AND s.task = ANY(CAST(:tasks AS text[]))
        ) AS p
    ) AS counted
    ORDER BY task, map_index
""")  # noqa: S608 - only constants of this program go in.
EMPTY: Final = text("""
    SELECT task FROM run_tasks
    WHERE run_id = :run_id AND task = ANY(CAST(:tasks AS text[])) AND status = 'completed'
""")


class Pushed(NamedTuple):
    """What a step came to: JSON text of values by their keys, and the files of those that are too large."""

    map_index: int
    text: str | None
    """None where all of its task is more than was to be read."""
    files: Mapping[str, Any]


@dataclass(slots=True)
class TaskPushed:
    """What the completed steps of a task have pushed."""

    size_bytes: int = 0
    """Of what is in no file."""
    steps: list[Pushed] = field(default_factory=list)

    @property
    def is_read(self) -> bool:
        """Tell whether its values are here."""
        return all(step.text is not None for step in self.steps)


class Results:
    """Reads what tasks of a run came to, each once."""

    def __init__(self, connection: Connection, run_id: int) -> None:
        self._connection = connection
        self._run_id = run_id
        self._known: dict[str, TaskPushed] = {}

    def pushed_by(self, tasks: Collection[str], *, bytes_max: int) -> dict[str, TaskPushed]:
        """Return what tasks have pushed, by their names; without the values of one that has pushed more."""
        self._read([name for name in tasks if not self._has(name, bytes_max)], bytes_max)
        return {name: self._known[name] for name in sorted(tasks)}

    def plain_results(
        self, tasks: Collection[str], *, python: Collection[str], mapped: Collection[str], with_files: bool
    ) -> dict[str, Any]:
        """Return what tasks came to as expressions see it; those without a completed step are left out.

        Of a Python task that is an object of all that it has pushed, of any other its result; of a mapped
        task a list of these. A value that is a file is a reference to it, or is left out.

        Raises:
            StepRefused: a task has pushed more than expressions read, or what is left out is all of a result.
        """
        found = {}
        for name, pushed in self.pushed_by(tasks, bytes_max=READ_BYTES_MAX).items():
            values: list[Any] = [_values(name, step, with_files=with_files) for step in pushed.steps]
            if name not in python:
                values = [_result(name, each) for each in values]
            if name in mapped and (values or self._is_empty(name)):
                found[name] = values
            elif values:
                found[name] = values[0]
        return found

    def files_of(self, tasks: Collection[str]) -> list[str]:
        """Return the values of tasks that are files, each as expressions would name it."""
        pushed = self.pushed_by(tasks, bytes_max=READ_BYTES_MAX)
        return sorted(
            {f"results.{name}.{key}" for name in pushed for step in pushed[name].steps for key in step.files}
        )

    def _is_empty(self, task: str) -> bool:
        """Tell whether a mapped task without a completed step was mapped over an empty list."""
        wanted = {"run_id": self._run_id, "tasks": [task]}
        return self._connection.execute(EMPTY, wanted).one_or_none() is not None

    def _has(self, task: str, bytes_max: int) -> bool:
        known = self._known.get(task)
        return known is not None and (known.is_read or known.size_bytes > bytes_max)

    def _read(self, tasks: Iterable[str], bytes_max: int) -> None:
        wanted = list(tasks)
        if not wanted:
            return
        for name in wanted:
            self._known[name] = TaskPushed()
        asked = {"run_id": self._run_id, "tasks": wanted, "bytes_max": bytes_max}
        for row in self._connection.execute(SELECT, asked):
            pushed = self._known[row.task]
            pushed.size_bytes = int(row.size_bytes)
            pushed.steps.append(Pushed(row.map_index, row.pushed, row.files or {}))


def file_of(task: str, key: str, told: Mapping[str, Any]) -> dict[str, str]:
    """Return the reference to the file of a value.

    Raises:
        StepRefused: it is not stored any more.
    """
    if told["file_id"] is None:
        raise StepRefused(f"the value {key!r} of {task} was a file, which is not stored any more")
    return {FILE_KEY: told["file_id"]}


def fragment(text: str | None) -> orjson.Fragment:
    """Return JSON text to be written as it is."""
    return orjson.Fragment(text or "{}")


def _values(task: str, step: Pushed, *, with_files: bool) -> dict[str, Any]:
    if step.text is None:
        raise StepRefused(
            f"{task} has pushed more than {READ_BYTES_MAX} bytes, which is more than expressions read: "
            "let it push less"
        )
    values: dict[str, Any] = plain(from_json(step.text))
    if with_files:
        return values | {key: file_of(task, key, told) for key, told in step.files.items()}
    return values


def _result(task: str, values: Mapping[str, Any]) -> Any:
    if RETURN_VALUE not in values:
        raise StepRefused(f"the result of {task} is a file, which conditions and lists cannot read")
    return values[RETURN_VALUE]
