"""What the plugin is given, as `satellite.contracts.python_task` states it; what else there is it ignores."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, TypeVar

from satellite.plugin import InputRefused

MessageT = TypeVar("MessageT")


@dataclass(frozen=True)
class PulledTask:
    """What one item of an earlier task has pushed."""

    values: dict[str, Any]
    map_index: int | None = None


@dataclass(frozen=True)
class ValueFile:
    """A value that an earlier task has pushed and that lies in a file."""

    task: str
    key: str
    path: str
    map_index: int | None = None


@dataclass(frozen=True)
class TaskContext:
    """What a snippet knows of its run."""

    task_id: str
    dag_id: str
    workflow: str
    run_id: int
    params: dict[str, Any]
    logical_date: datetime
    data_interval_start: datetime
    data_interval_end: datetime
    map_index: int | None = None
    item: Any = None


@dataclass(frozen=True)
class RunSnippet:
    """Run a snippet."""

    code: str
    context: TaskContext
    xcoms: dict[str, list[PulledTask]]
    attempt: int | None = None
    xcom_files: dict[str, str] = field(default_factory=dict)
    value_files: list[ValueFile] = field(default_factory=list)
    mapped: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SnippetToCheck:
    """A snippet, and the task it is of."""

    task: str
    code: str


@dataclass(frozen=True)
class CheckSnippets:
    """Say which snippets are no Python."""

    snippets: list[SnippetToCheck]


def read_request(request: Any) -> RunSnippet | CheckSnippets:
    """Return what is asked for.

    Raises:
        InputRefused: it is no such message.
    """
    action = request.get("action") if isinstance(request, dict) else None
    if action == "run":
        return _read_run(request)
    if action == "check":
        listed = _read_list(request.get("snippets"), "/snippets")
        return CheckSnippets(
            [_read(SnippetToCheck, each, f"/snippets/{place}") for place, each in enumerate(listed)]
        )
    raise InputRefused('/action: must be "run" or "check"')


def _read_run(request: dict[str, Any]) -> RunSnippet:
    pulled = _check("/xcoms", request.get("xcoms"), dict)
    xcoms = {task: read_items(items, f"/xcoms/{task}") for task, items in pulled.items()}
    listed = _read_list(request.get("value_files", []), "/value_files")
    files = [_read(ValueFile, each, f"/value_files/{place}") for place, each in enumerate(listed)]
    context = _read(TaskContext, request.get("context"), "/context")
    return _read(RunSnippet, {**request, "context": context, "xcoms": xcoms, "value_files": files}, "")


def read_items(value: Any, pointer: str) -> list[PulledTask]:
    """Return what the items of a task have pushed.

    Raises:
        InputRefused: it is no such list.
    """
    return [_read(PulledTask, each, pointer) for each in _read_list(value, pointer)]


def _read(kind: type[MessageT], value: Any, pointer: str) -> MessageT:
    given = _check(pointer, value, dict)
    read = {}
    for each in fields(kind):  # type: ignore[arg-type]
        if each.name in given:
            read[each.name] = _read_field(f"{pointer}/{each.name}", given[each.name], str(each.type))
        elif each.default is MISSING and each.default_factory is MISSING:
            raise InputRefused(f"{pointer}: has no {each.name}")
    return kind(**read)


def _read_field(pointer: str, value: Any, annotation: str) -> Any:
    if annotation == "datetime":
        return _read_time(pointer, value)
    kinds = {
        "str": str,
        "int": int,
        "dict[str, Any]": dict,
        "dict[str, str]": dict,
        "list[str]": list,
        "int | None": (int, type(None)),
    }
    return _check(pointer, value, kinds.get(annotation, object))


def _read_time(pointer: str, value: Any) -> datetime:
    try:
        told = datetime.fromisoformat(value)
        return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise InputRefused(f"{pointer}: must be a time in ISO 8601") from None


def _read_list(value: Any, pointer: str) -> list[Any]:
    return _check(pointer, value, list)


def _check(pointer: str, value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        told = {dict: "an object", list: "a list", str: "text"}.get(kind, "a whole number")
        raise InputRefused(f"{pointer}: must be {told}")
    return value
