"""The body of a DAG: the tasks that it makes, and which follows which."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Mapping
from typing import Final

from satellite.workflow_import.calls import take_apart
from satellite.workflow_import.constants import constant
from satellite.workflow_import.exported import Exported
from satellite.workflow_import.faults import AlreadyRefused, Faults, Refused
from satellite.workflow_import.module import Module
from satellite.workflow_import.task_functions import is_task
from satellite.workflow_import.task_maker import TaskMaker
from satellite.workflow_import.tasks import Tasks

_FUNCTIONS_OF_EDGES: Final = frozenset({"chain", "cross_downstream"})
_IN_WORDS: Final = {
    ast.For: "a loop is known only when the file runs: write each task out, or map one with .expand",
    ast.While: "a loop is known only when the file runs: write each task out, or map one with .expand",
    ast.If: "what is decided when the file runs cannot be taken over: write out one of the two ways",
    ast.With: "there are no groups of tasks: write the tasks without them",
}


class DagBody:
    """Reads statements one after another, and knows the tasks that they have made."""

    def __init__(self, module: Module, defaults: Mapping[str, ast.expr], faults: Faults) -> None:
        self.tasks = Tasks()
        self._module = module
        self._faults = faults
        self._exported = Exported(module)
        self._make = TaskMaker(
            module, self.tasks, self._tasks_of, exported=self._exported, defaults=defaults, faults=faults
        )
        self._groups: dict[str, list[str]] = {}
        self._calls: dict[int, list[str]] = {}
        self._lost: set[str] = set()
        """Variables of tasks that were refused."""

    def read(self, statement: ast.stmt) -> None:
        """Take one statement over, or note why not."""
        with self._faults.collected():
            self._read(statement)

    def makes_tasks(self, node: ast.AST) -> bool:
        """Tell whether a part of the file makes tasks or names them."""
        return any(
            (
                isinstance(each, ast.Name)
                and (each.id in self._groups.keys() | self._lost or is_task(each, self._module))
            )
            or (isinstance(each, ast.Call) and bool(self._operator_of(each.func)))
            for each in ast.walk(node)
        )

    def _read(self, statement: ast.stmt) -> None:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Import() | ast.ImportFrom() | ast.Pass():
                self._module.define(statement)
            case ast.Expr(value=ast.Constant()) | ast.Assign(targets=[ast.Attribute(attr="doc" | "doc_md")]):
                pass
            case ast.Expr():
                self._group(statement.value)
            case ast.Assign(targets=[ast.Name(id=name)]) if self.makes_tasks(statement.value):
                self._assign(name, statement.value)
            case ast.Assign() | ast.AnnAssign() if not self.makes_tasks(statement):
                self._check_calls(statement)
                self._module.define(statement)
            case _:
                raise Refused(
                    statement, _IN_WORDS.get(type(statement), "write this without: it makes no task")
                )

    def _check_calls(self, statement: ast.Assign | ast.AnnAssign) -> None:
        # A class or function of the file may make tasks too, and they must not be lost.
        if statement.value is not None and any(
            isinstance(each, ast.Call) for each in ast.walk(statement.value)
        ):
            constant(statement.value, self._module)

    def _assign(self, name: str, value: ast.expr) -> None:
        self._lost.add(name)
        self._groups[name] = self._group(value)
        self._lost.discard(name)

    def _group(self, node: ast.expr) -> list[str]:
        tasks = self._tasks_of(node)
        if tasks is None:
            raise Refused(
                node,
                "this is no task: tasks are PythonOperator, BashOperator, EmptyOperator and @task",
            )
        return tasks

    def _tasks_of(self, node: ast.expr) -> list[str] | None:  # noqa: PLR0911
        match node:
            case ast.Name():
                if node.id in self._lost:
                    raise AlreadyRefused
                return self._groups.get(node.id)
            case ast.Attribute(attr="output"):
                return self._tasks_of(node.value)
            case ast.List() | ast.Tuple() if self.makes_tasks(node):
                return list(itertools.chain(*map(self._group, node.elts)))
            case ast.BinOp(op=ast.RShift()):
                return self._follow(self._group(node.left), self._group(node.right))[1]
            case ast.BinOp(op=ast.LShift()):
                after = self._group(node.left)
                return self._follow(self._group(node.right), after)[0]
            case ast.Call():
                return self._called(node)
        return None

    def _called(self, node: ast.Call) -> list[str] | None:
        # A call that stands in an expression which is read twice makes one task.
        if id(node) not in self._calls:
            tasks = self._call(node)
            if tasks is None:
                return None
            self._calls[id(node)] = tasks
        return self._calls[id(node)]

    def _call(self, node: ast.Call) -> list[str] | None:
        method = node.func
        if isinstance(method, ast.Attribute) and method.attr in {"set_upstream", "set_downstream"}:
            return self._set(method, node)
        name = self._module.of_airflow(method)
        if name in _FUNCTIONS_OF_EDGES:
            return self._edges(name, [self._group(each) for each in node.args], node)
        call = take_apart(node)
        if is_task(call.base, self._module):
            return [self._make.of_function(call)]
        kind = self._operator_of(call.base)
        return [self._make.of_operator(kind, call)] if kind else None

    def _set(self, method: ast.Attribute, node: ast.Call) -> list[str]:
        mine, others = self._group(method.value), [name for each in node.args for name in self._group(each)]
        self._follow(*((others, mine) if method.attr == "set_upstream" else (mine, others)))
        return mine

    def _edges(self, function: str, groups: list[list[str]], node: ast.Call) -> list[str]:
        if function == "chain":
            self.tasks.chain(groups, at=node)
        elif len(groups) == 2:
            self._follow(*groups)
        else:
            raise Refused(node, "give cross_downstream two lists")
        return groups[-1] if groups else []

    def _follow(self, before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
        self.tasks.follow(before, after)
        return before, after

    def _operator_of(self, node: ast.expr) -> str:
        return self._module.of_airflow(node) or self._exported.own_operator(node)
