"""What the built-in plugin `python-task` is given and what it answers.

The plugin itself knows nothing of pydantic: it is stated once here, and held to this by a contract test.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from satellite.contracts.message import Message

PYTHON_TASK: Final = "python-task"
RETURN_VALUE: Final = "return_value"
"""The key of the value that a snippet's `main(context)` returns."""
INLINE_BYTES_MAX: Final = 262_144
"""Of one value, as the JSON text in which it travels; a larger one is a file."""
VALUE_BYTES_MAX: Final = 67_108_864
"""Of one value at all, likewise."""
VALUE_LEVELS_MAX: Final = 100
"""Fewer than JSON may have anywhere: in the input of a later step a value stands inside others."""
STEP_BYTES_MAX: Final = 1_000_000
"""Of all that a step answers; values that are more than that are files."""


class PulledTask(Message):
    """What one item of an earlier task has pushed, each value as tagged JSON by its key."""

    map_index: int | None = None
    values: dict[str, Any]


class ValueFile(Message):
    """A value that an earlier task has pushed and that lies in a file, as the same tagged JSON."""

    task: str
    map_index: int | None = None
    key: str
    path: Any
    """In the job's input a reference to a file, in whose place the worker writes a path."""


class TaskContext(Message):
    """What a snippet knows of its run; times are ISO 8601 in UTC."""

    task_id: str
    map_index: int | None = None
    item: Any = None
    """The item of the list that the task is mapped over."""
    dag_id: str
    """`workflow_ID`, the name under which Airflow knows the workflow."""
    workflow: str
    run_id: int
    params: dict[str, Any]
    logical_date: str
    data_interval_start: str
    data_interval_end: str


class RunSnippet(Message):
    """Run a snippet as a step of a run."""

    action: Literal["run"] = "run"
    code: str
    context: TaskContext
    xcoms: dict[str, list[PulledTask]]
    """By the names of all tasks before it; whatever is not here cannot be pulled."""
    attempt: int | None = None
    """Written by the worker, see `satellite.contracts.attempt_number`; not known to those of before."""
    xcom_files: dict[str, Any] = Field(default={})
    """Of tasks that have pushed too much for `xcoms`, where they stand empty: a file with the same list."""
    value_files: list[ValueFile] = Field(default=[])
    mapped: list[str] = Field(default=[])
    """Those of the tasks before it that are mapped: they pull as lists, also as empty ones."""


class SnippetToCheck(Message):
    """A snippet, and the task it is of."""

    task: str
    code: str


class CheckSnippets(Message):
    """Say which snippets are no Python, without running any."""

    action: Literal["check"] = "check"
    snippets: list[SnippetToCheck]


class SnippetFault(Message):
    """Why a snippet is no Python; lines and columns count from 1."""

    task: str
    line: int | None
    column: int | None
    message: str


class SnippetsChecked(Message):
    """What was found; empty if all are Python."""

    faults: list[SnippetFault]


class StoredValue(Message):
    """A value that is an artifact of the job."""

    name: str
    size_bytes: int


class SnippetRan(Message):
    """What a snippet has pushed, by key. A type that JSON lacks is `{"$type": NAME, "value": …}`."""

    xcoms: dict[str, Any]
    files: dict[str, StoredValue] = Field(default={})
    """Values that are too large to stand there."""
