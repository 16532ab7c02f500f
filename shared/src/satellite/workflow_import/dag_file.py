"""A DAG file of Airflow as a workflow, by its syntax alone: nothing of it is run."""

from __future__ import annotations

import ast
from typing import Any

from satellite.workflow_import import dag_settings
from satellite.workflow_import.constants import pairs
from satellite.workflow_import.dag_body import DagBody
from satellite.workflow_import.faults import Fault, Faults, NotImportable, Refused
from satellite.workflow_import.module import Module

_SILENT = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Try, ast.AnnAssign,
)  # fmt: skip
"""Statements of the top level that define something, and matter if a task uses it."""


def read_dag(text: str) -> dict[str, Any]:
    """Return the definition of a workflow that does the same as the DAG of a file.

    Raises:
        NotImportable: parts of it have nothing that does the same; all of them are told at once.
    """
    # Python counts these as one line end too.
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        return _DagFile(lines, _parsed(lines)).definition()
    except RecursionError:
        raise NotImportable([Fault(1, "the file is nested too deeply")]) from None


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise NotImportable([Fault(error.lineno or 1, f"this is no Python: {error.msg}")]) from None
    except (ValueError, RecursionError, MemoryError):
        raise NotImportable([Fault(1, "this is no Python that can be read")]) from None


class _DagFile:
    def __init__(self, text: str, tree: ast.Module) -> None:
        self._module = Module(text, tree)
        self._faults = Faults()
        self._settings: dict[str, Any] = {}
        self._body: DagBody | None = None
        self._has_dag = False

    def definition(self) -> dict[str, Any]:
        for statement in self._module.tree.body:
            with self._faults.collected():
                self._read(statement)
        if not self._has_dag:
            self._faults.add(Fault(1, "there is no DAG: write `with DAG(...):`, or call what @dag stands on"))
        self._faults.raise_if_any()
        tasks = [] if self._body is None else self._body.tasks.documents()
        return self._settings | {"tasks": tasks}

    def _read(self, statement: ast.stmt) -> None:
        match statement:
            case ast.With(items=[ast.withitem(context_expr=ast.Call() as made)]) if self._is_dag(made.func):
                self._read_dag(made, statement.body, name=None)
            case (
                ast.Expr(value=ast.Call(func=ast.Name(id=name)))
                | ast.Assign(value=ast.Call(func=ast.Name(id=name)))
            ) if (found := self._decorated(name)) is not None:
                self._read_dag(found[1], found[0].body, name=name)
            case ast.Expr() if self._body is not None and self._body.makes_tasks(statement):
                self._body.read(statement)
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.If() if "__name__" in {
                each.id for each in ast.walk(statement.test) if isinstance(each, ast.Name)
            }:
                # What happens when the file is run as a program is no part of the DAG.
                pass
            case ast.Assign() if not self._makes_dag(statement):
                pass
            case _ if isinstance(statement, _SILENT):
                pass
            case _:
                raise Refused(
                    statement, "this runs when the file is read: put it into the function of a task"
                )

    def _is_dag(self, node: ast.expr) -> bool:
        return self._module.of_airflow(node) == "DAG"

    def _makes_dag(self, statement: ast.stmt) -> bool:
        return any(isinstance(each, ast.Call) and self._is_dag(each.func) for each in ast.walk(statement))

    def _decorated(self, name: str) -> tuple[ast.FunctionDef, ast.expr] | None:
        function = self._module.definitions.get(name)
        if not isinstance(function, ast.FunctionDef):
            return None
        for each in function.decorator_list:
            called = each.func if isinstance(each, ast.Call) else each
            if self._module.of_airflow(called) == "dag":
                return function, each
        return None

    def _read_dag(self, made: ast.expr, body: list[ast.stmt], *, name: str | None) -> None:
        if self._has_dag:
            raise Refused(made, "a file is one workflow: put the second DAG into a file of its own")
        self._has_dag = True
        stated = self._stated(made, name)
        defaults = pairs(stated["default_args"], self._module) if "default_args" in stated else []
        self._body = DagBody(self._module, dict(defaults), self._faults)
        self._settings = dag_settings.settings_of(stated, self._module, self._faults)
        for statement in body:
            self._body.read(statement)

    def _stated(self, made: ast.expr, name: str | None) -> dict[str, ast.expr]:
        stated: dict[str, ast.expr] = {} if name is None else {"dag_id": ast.Constant(name)}
        if not isinstance(made, ast.Call):
            return stated
        if len(made.args) > 1 or any(each.arg is None for each in made.keywords):
            raise Refused(made, "write the arguments of the DAG out, with their names")
        stated |= {"dag_id": made.args[0]} if made.args else {}
        stated |= {each.arg: each.value for each in made.keywords if each.arg is not None}
        if "dag_id" not in stated:
            raise Refused(made, "state the dag_id")
        return stated
