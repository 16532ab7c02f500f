"""What Python tasks are given of those before them: as much as fits into their inputs, the rest as files.

What a task has pushed into files stays there. Of tasks whose values together are too much for an input, the
largest ones become files that nobody stores: workers are given them out of the database, when they ask.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, text

from operation_server.models.pushed_values import ITEMS, STEPS_AND_JOBS, TASK_OF_RUN
from operation_server.workflows.errors import StepRefused
from operation_server.workflows.transitions.results import Results, TaskPushed, file_of, fragment
from operation_server.workflows.transitions.run_steps import UNMAPPED
from satellite.contracts.attempt_files import InputFile, pushed_id
from satellite.contracts.file_reference import FILE_KEY

INLINE_BYTES_MAX: Final = 500_000
"""Of what one task has pushed; the input of a job has room for a megabyte."""
FILE_BYTES_MAX: Final = 64_000_000
"""Of the same as a file."""

DIGESTS: Final = text(f"""
    SELECT task, octet_length(items) AS size_bytes, encode(sha256(items), 'hex') AS sha256
    FROM (
        SELECT s.task, convert_to({ITEMS}, 'UTF8') AS items FROM {STEPS_AND_JOBS}
        WHERE {TASK_OF_RUN} AND s.task = ANY(CAST(:tasks AS text[])) GROUP BY s.task
    ) AS written
""")  # noqa: S608 - only constants of this program go in.


class Snapshot(NamedTuple):
    """What of an input is made of the tasks before it."""

    parts: dict[str, Any]
    """Fields of a `RunSnippet`."""
    stored: dict[str, list[str]]
    """The ids of the stored files among them, with the JSON pointers of their places."""
    written: list[InputFile]
    """The files that nobody stores."""


class Snapshots:
    """Makes them for the steps of a run."""

    def __init__(self, connection: Connection, run_id: int, results: Results) -> None:
        self._connection = connection
        self._run_id = run_id
        self._results = results
        self._digests: dict[str, InputFile] = {}

    def of(self, tasks: Collection[str], *, mapped: Collection[str], room: int) -> Snapshot:
        """Return what tasks have pushed, in an input that has room for so many bytes.

        Raises:
            StepRefused: a task has pushed too much altogether, or a file is not stored any more.
        """
        pushed = self._results.pushed_by(tasks, bytes_max=INLINE_BYTES_MAX)
        apart = _too_much(pushed, room)
        values = list(_value_files(pushed))
        parts: dict[str, Any] = {
            "xcoms": {name: [] if name in apart else _items(each) for name, each in pushed.items()}
        }
        if apart:
            parts["xcom_files"] = {name: {FILE_KEY: pushed_id(name)} for name in apart}
        if values:
            parts["value_files"] = values
        if mapped:
            parts["mapped"] = sorted(mapped)
        return Snapshot(parts, _pointers(values), self._written(apart, pushed))

    def _written(self, tasks: Collection[str], pushed: Mapping[str, TaskPushed]) -> list[InputFile]:
        for name in tasks:
            if pushed[name].size_bytes > FILE_BYTES_MAX:
                raise StepRefused(
                    f"{name} has pushed {pushed[name].size_bytes} bytes altogether, more than "
                    f"{FILE_BYTES_MAX}: let it push less, or larger values, which are files"
                )
        unknown = [name for name in tasks if name not in self._digests]
        if unknown:
            wanted = {"run_id": self._run_id, "tasks": unknown}
            for row in self._connection.execute(DIGESTS, wanted):
                self._digests[row.task] = InputFile(
                    id=pushed_id(row.task),
                    pointers=[f"/xcom_files/{row.task}"],
                    name=f"{row.task}.json",
                    size_bytes=row.size_bytes,
                    sha256=row.sha256,
                )
        return [self._digests[name] for name in tasks]


def _too_much(pushed: Mapping[str, TaskPushed], room: int) -> list[str]:
    """Return the tasks whose values do not go into the input: those that are too large, then the largest."""
    apart = [name for name, each in pushed.items() if not each.is_read]
    inline = sorted((each.size_bytes, name) for name, each in pushed.items() if each.is_read)
    left = sum(size for size, _ in inline)
    while inline and left > room:
        size, name = inline.pop()
        apart.append(name)
        left -= size
    return sorted(apart)


def _items(pushed: TaskPushed) -> list[dict[str, Any]]:
    return [{"map_index": _shown(step.map_index), "values": fragment(step.text)} for step in pushed.steps]


def _value_files(pushed: Mapping[str, TaskPushed]) -> Iterator[dict[str, Any]]:
    for name, each in pushed.items():
        for step in each.steps:
            for key, told in step.files.items():
                yield {
                    "task": name,
                    "map_index": _shown(step.map_index),
                    "key": key,
                    "path": file_of(name, key, told),
                }


def _pointers(values: list[dict[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for place, each in enumerate(values):
        found.setdefault(each["path"][FILE_KEY], []).append(f"/value_files/{place}/path")
    return found


def _shown(map_index: int) -> int | None:
    return None if map_index == UNMAPPED else map_index
