"""Makes tasks of the calls of operators and of functions with `@task`."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, Final

from satellite.workflow_import import operators
from satellite.workflow_import.calls import TaskCall
from satellite.workflow_import.constants import constant
from satellite.workflow_import.exported import Exported
from satellite.workflow_import.faults import Faults, Refused
from satellite.workflow_import.module import Module
from satellite.workflow_import.operators import Work
from satellite.workflow_import.snippet import Arguments, snippet
from satellite.workflow_import.task_functions import arguments_of_decorator, returns_dictionary
from satellite.workflow_import.task_settings import settings_of
from satellite.workflow_import.tasks import Tasks
from satellite.workflow_import.values import TasksOf, Values

OPERATORS: Final = frozenset({"PythonOperator", "BashOperator", "EmptyOperator", "DummyOperator"})


class TaskMaker:
    """Makes tasks, over what the DAG says of all of them."""

    def __init__(
        self,
        module: Module,
        tasks: Tasks,
        tasks_of: TasksOf,
        *,
        exported: Exported,
        defaults: Mapping[str, ast.expr],
        faults: Faults,
    ) -> None:
        self._module = module
        self._tasks = tasks
        self._tasks_of = tasks_of
        self._exported = exported
        self._defaults = defaults
        self._faults = faults

    def of_operator(self, kind: str, call: TaskCall) -> str:
        """Make the task of an operator, and return its name.

        Raises:
            Refused: Satellite has nothing that does the same.
        """
        named = {**self._defaults, **call.named}
        if call.positional:
            raise Refused(call.node, "write the arguments of an operator with their names")
        if "task_id" not in named:
            raise Refused(call.node, "state the task_id")
        name = str(constant(named.pop("task_id"), self._module))
        values = Values(self._module, self._tasks_of, self._tasks.unpacked)
        work = self._work(kind, name, named, call, values)
        stated = {key: value for key, value in named.items() if key not in work.said_by}
        self._add(name, work.fields, stated, values, call)
        return name

    def of_function(self, call: TaskCall) -> str:
        """Make the task of a call of a function with `@task`, and return its name.

        Raises:
            Refused: Satellite has nothing that does the same.
        """
        function = operators.function_of(call.base, self._module, at=call.node)
        named = {**self._defaults, **arguments_of_decorator(function, self._module), **call.overridden}
        unpacked = returns_dictionary(function, named.pop("multiple_outputs", None), self._module)
        stated_id = named.pop("task_id", None)
        name = function.name if stated_id is None else str(constant(stated_id, self._module))
        values = Values(self._module, self._tasks_of, self._tasks.unpacked)
        # In this order Python meets the calls in them, by which tasks of one name are numbered.
        positional = [values.text(each) for each in call.positional]
        given = {key: values.text(each) for key, each in call.named.items()}
        mapped = self._mapped(call, values, only=None)
        if call.expanded:
            given[next(iter(call.expanded))] = 'context["item"]'
        arguments = Arguments(positional=positional, named=given)
        code = snippet(function, arguments, self._module, at=call.node)
        name = self._tasks.free_name(name)
        self._add(name, {"python_callable": code} | mapped, named, values, call)
        if unpacked:
            self._tasks.unpacked.add(name)
        return name

    def _work(self, kind: str, name: str, named: dict[str, ast.expr], call: TaskCall, values: Values) -> Work:
        own = self._exported.work(kind, name, named, call.expanded)
        if own is not None:
            return own
        if kind not in OPERATORS:
            raise Refused(
                call.node, f"{kind} has nothing that does the same: write it as a function of Python"
            )
        mapped = self._mapped(call, values, only="op_kwargs" if kind == "PythonOperator" else None)
        if kind == "PythonOperator":
            spread = 'context["item"]' if mapped else None
            work = operators.python(named, self._module, values, spread, at=call.node)
        elif kind == "BashOperator":
            work = operators.bash(named, self._module, at=call.node)
        else:
            work = operators.empty()
        work.fields |= mapped
        return work

    def _mapped(self, call: TaskCall, values: Values, *, only: str | None) -> dict[str, Any]:
        if call.expanded is None:
            return {}
        if len(call.expanded) != 1 or (only is not None and only not in call.expanded):
            raise Refused(call.node, f"map over one list{f', that of {only}' if only else ''}")
        # In Airflow the other items run when one has failed.
        items = values.items(next(iter(call.expanded.values())))
        return {"map_over": items, "on_item_failure": "collect"}

    def _add(
        self, name: str, fields: dict[str, Any], stated: dict[str, ast.expr], values: Values, call: TaskCall
    ) -> None:
        settings = settings_of(stated, self._module, self._faults)
        self._tasks.add(name, fields | {"join": "all_success"} | settings, at=call.node)
        self._tasks.follow(values.read, [name])
