"""A workflow as files: its definition, and the snippets that this names by `file` instead of holding them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from satellite.authoring.workflow_text import WorkflowUnreadable, read_definition
from satellite.contracts.workflow import WorkflowDefinition

NAMES: Final = ("workflow.yaml", "workflow.yml", "workflow.json")
FILE: Final = "file"
CODE: Final = "python_callable"
AT_LINE: Final = re.compile(r"^line (\d+)")


@dataclass(frozen=True, kw_only=True)
class WorkflowFolder:
    """What a folder, or one file, says of a workflow."""

    definition: WorkflowDefinition
    files: Mapping[str, Path] = field(default_factory=dict)
    """Of the snippets that have files of their own, by task."""

    @property
    def document(self) -> dict[str, Any]:
        """The definition as the server shows it."""
        return self.definition.document()


def read_workflow(path: Path) -> WorkflowFolder:
    """Return the workflow of a folder, or of a file of YAML or JSON.

    Raises:
        WorkflowUnreadable: there is none, or it is none.
    """
    file = _find_file(path)
    stated = read_definition(_read(file), str(file))
    if not isinstance(stated, dict):
        raise WorkflowUnreadable(f"{file} is no workflow: it has no fields.")
    files: dict[str, Path] = {}
    tasks = stated.get("tasks")
    if isinstance(tasks, list):
        stated["tasks"] = [_with_code(task, file, files) for task in tasks]
    return WorkflowFolder(definition=_validated(stated, file), files=files)


def _find_file(path: Path) -> Path:
    if path.is_file():
        return path
    found = [path / name for name in NAMES if (path / name).is_file()]
    if len(found) != 1:
        several = f"has several of {', '.join(NAMES)}" if found else f"has none of {', '.join(NAMES)}"
        raise WorkflowUnreadable(f"{path} is no workflow: it {several}.")
    return found[0]


def _with_code(task: Any, file: Path, files: dict[str, Path]) -> Any:
    """Return a task with the snippet that it names in its place."""
    if not isinstance(task, dict) or FILE not in task:
        return task
    name = task.get("name")
    if CODE in task:
        raise WorkflowUnreadable(f"{file}: task {name} has both {FILE} and {CODE}.")
    snippet = _inside(file.parent, task[FILE], f"{file}: task {name}")
    files[str(name)] = snippet
    return {
        CODE if key == FILE else key: _read(snippet) if key == FILE else each for key, each in task.items()
    }


def _inside(folder: Path, name: Any, where: str) -> Path:
    # A workflow from elsewhere must not send away what else is on this machine.
    if not isinstance(name, str) or not (folder / name).resolve().is_relative_to(folder.resolve()):
        raise WorkflowUnreadable(f"{where}: {FILE} is {name!r}, which is no file below {folder}.")
    return folder / name


def _read(file: Path) -> str:
    """Return a text in UTF-8, whatever an editor has put in front of it."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise WorkflowUnreadable(f"{file} is not text in UTF-8.") from error
    except (OSError, ValueError) as error:  # A ValueError for a name with a NUL character.
        reason = error.strerror if isinstance(error, OSError) else error
        raise WorkflowUnreadable(f"{file} cannot be read: {reason}.") from error


def _validated(stated: dict[str, Any], file: Path) -> WorkflowDefinition:
    try:
        return WorkflowDefinition.model_validate(stated)
    except ValidationError as error:
        faults = [
            f"{_where(fault['loc'], stated)}: {fault['msg']}" for fault in error.errors(include_url=False)
        ]
        raise WorkflowUnreadable(f"{file} is no workflow: {'; '.join(faults)}.") from error


def _where(steps: tuple[int | str, ...], stated: dict[str, Any]) -> str:
    """Return where a fault is, with the name of a task instead of its number."""
    if len(steps) > 1 and steps[0] == "tasks" and isinstance(steps[1], int):
        task = stated["tasks"][steps[1]]
        name = task.get("name") if isinstance(task, dict) else None
        steps = (f"task {name or steps[1] + 1}", *steps[2:])
    return ".".join(map(str, steps)) or "it"


def place_of(pointer: str, message: str, files: Mapping[str, Path]) -> str:
    """Return where a fault that the server tells is: a file and line, or the task and its field."""
    _, _, below = pointer.partition("/tasks/")
    task, _, name = below.partition("/")
    line = AT_LINE.match(message)
    if not task:
        return pointer.lstrip("/")
    if name != CODE or line is None:
        return f"{task}: {name}"
    return f"{task}: {files[task]}:{line[1]}" if task in files else f"{task}: line {line[1]}"
