"""What a task is called with: values that the file states, and what other tasks have returned."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Collection
from typing import Any, Final

from satellite.workflow_import.constants import constant
from satellite.workflow_import.faults import Refused
from satellite.workflow_import.module import Module

EXPRESSION_CHARS_MAX: Final = 1_024
TEMPLATE_MARKS: Final = ("{{", "{%", "{#")

TasksOf = Callable[[ast.expr], list[str] | None]
"""The tasks that an expression stands for, nothing if it stands for something else."""


class Values:
    """Turns expressions of a DAG file into expressions of a snippet, and notes which tasks they read."""

    def __init__(self, module: Module, tasks_of: TasksOf, unpacked: Collection[str]) -> None:
        self._module = module
        self._tasks_of = tasks_of
        self._unpacked = unpacked
        self.read: list[str] = []

    def text(self, node: ast.expr) -> str:
        """Return the text of an expression over `context`.

        Raises:
            Refused: it is neither a value nor the result of a task.
        """
        if isinstance(node, ast.List):
            return f"[{', '.join(map(self.text, node.elts))}]"
        if isinstance(node, ast.Dict) and all(node.keys):
            items = zip(node.keys, node.values, strict=True)
            return f"{{{', '.join(f'{self.text(key)}: {self.text(value)}' for key, value in items if key)}}}"
        task, key = self._result(node)
        if task is None:
            return repr(plain(constant(node, self._module), node))
        pulled = f'context["ti"].xcom_pull(task_ids={task!r}'
        if key is not None and task in self._unpacked:
            return f"{pulled})[{key!r}]"
        return f"{pulled})" if key is None else f"{pulled}, key={key!r})"

    def items(self, node: ast.expr) -> str:
        """Return the list that a task is mapped over as an expression in CEL.

        Raises:
            Refused: it is neither a list nor the result of a task.
        """
        task, key = self._result(node)
        if task is not None and key is None:
            return f"results.{task}" if task.isidentifier() else f"results[{json.dumps(task)}]"
        return expression(plain(constant(node, self._module), node), node)

    def _result(self, node: ast.expr) -> tuple[str | None, str | None]:
        inner, key = node, None
        if isinstance(node, ast.Subscript):
            inner, key = node.value, node.slice
        tasks = self._tasks_of(inner)
        if tasks is None:
            return None, None
        if len(tasks) != 1:
            raise Refused(node, "pass on what one task returns, or a list that names each")
        self.read += tasks
        return tasks[0], None if key is None else str(constant(key, self._module))


def expression(items: Any, node: ast.expr) -> str:
    """Return a list as an expression in CEL, in which it is written as in JSON.

    Raises:
        Refused: it is no list, or cannot stand in an expression.
    """
    if not isinstance(items, list | tuple):
        raise Refused(node, "map over a list, or over what one task returns")
    try:
        text = json.dumps(items, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        raise Refused(node, "JSON has no such value: make the list in a task before") from None
    if len(text) > EXPRESSION_CHARS_MAX:
        raise Refused(node, "the list is too long to stand here: return it from a task before")
    return text


def plain(value: Any, node: ast.expr) -> Any:
    """Return a value that Airflow hands on as it is.

    Raises:
        Refused: Airflow would fill a template in.
    """
    if isinstance(value, str) and any(mark in value for mark in TEMPLATE_MARKS):
        raise Refused(
            node, "Satellite fills no templates in: read the value from the context of the function"
        )
    if isinstance(value, dict):
        for each in value.items():
            plain(list(each), node)
    if isinstance(value, list | tuple):
        for each in value:
            plain(each, node)
    return value
