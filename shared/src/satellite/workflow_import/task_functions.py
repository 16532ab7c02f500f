"""Functions that `@task` stands on."""

from __future__ import annotations

import ast

from satellite.workflow_import.constants import constant
from satellite.workflow_import.faults import Refused
from satellite.workflow_import.module import Module


def is_task(node: ast.expr, module: Module) -> bool:
    """Tell whether a name stands for such a function."""
    function = module.definitions.get(node.id) if isinstance(node, ast.Name) else None
    return isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and any(
        _is_task_decorator(each, module) for each in function.decorator_list
    )


def arguments_of_decorator(function: ast.FunctionDef, module: Module) -> dict[str, ast.expr]:
    """Return what `@task` says of the tasks that a function makes.

    Raises:
        Refused: something else stands on the function too.
    """
    named: dict[str, ast.expr] = {}
    for each in function.decorator_list:
        called = each.func if isinstance(each, ast.Call) else each
        kind = module.qualified(called).removeprefix("airflow.decorators.").removeprefix("airflow.sdk.")
        if kind not in {"task", "task.python"}:
            raise Refused(each, f"@{kind} has nothing that does the same: write the function without it")
        if isinstance(each, ast.Call):
            named |= {keyword.arg: keyword.value for keyword in each.keywords if keyword.arg}
    return named


def returns_dictionary(function: ast.FunctionDef, stated: ast.expr | None, module: Module) -> bool:
    """Tell whether others may take what a function returns by its keys, as stated or as it is annotated."""
    if stated is not None:
        return bool(constant(stated, module))
    returned = function.returns
    named = module.qualified(returned.value if isinstance(returned, ast.Subscript) else returned)
    return named.rpartition(".")[2] in {"dict", "Dict", "Mapping"}


def _is_task_decorator(node: ast.expr, module: Module) -> bool:
    called = node.func if isinstance(node, ast.Call) else node
    return module.qualified(called).startswith(("airflow.decorators.task", "airflow.sdk.task"))
