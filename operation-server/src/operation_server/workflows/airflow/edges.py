"""The lines of a DAG file by which one task follows another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from operation_server.workflows.airflow.python_text import TAB, bracketed

LINE_CHARS: Final = 88
"""As long as `ruff format` lets a line become by default."""


def follows(task: str, dependencies: Sequence[str]) -> str:
    """Return the line that lets a variable's task follow those of others."""
    if len(dependencies) == 1:
        return f"{TAB}{dependencies[0]} >> {task}\n"
    line = f"{TAB}[{', '.join(dependencies)}] >> {task}\n"
    if len(line) <= LINE_CHARS + 1:
        return line
    return f"{TAB}{bracketed('[', dependencies, ']', depth=1)} >> {task}\n"


def edges(dependencies: Mapping[str, Sequence[str]], variable_of: Mapping[str, str]) -> str:
    """Return the lines for all tasks, each once, in the order of the tasks."""
    return "".join(_lines(dependencies, variable_of))


def _lines(dependencies: Mapping[str, Sequence[str]], variable_of: Mapping[str, str]) -> Iterable[str]:
    for name, before in dependencies.items():
        if before:
            # A dependency that is stated twice is one.
            yield follows(variable_of[name], [variable_of[each] for each in dict.fromkeys(before)])
