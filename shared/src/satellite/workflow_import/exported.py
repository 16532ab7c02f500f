"""Knows a DAG again that Satellite exported, whose snippets are there as they were written."""

from __future__ import annotations

import ast
from datetime import timedelta
from functools import cached_property
from typing import Any

from satellite.workflow_import.constants import constant, pairs
from satellite.workflow_import.exported_text import (
    ITEM,
    PARAMS,
    RUNNER,
    SNIPPET_RUNNER,
    SNIPPETS,
    WAIT,
    WAIT_OPERATOR,
)
from satellite.workflow_import.faults import Refused
from satellite.workflow_import.module import Module
from satellite.workflow_import.operators import Work
from satellite.workflow_import.values import expression


class Exported:
    """What a file has of an export, if it is one."""

    def __init__(self, module: Module) -> None:
        self._module = module

    def own_operator(self, node: ast.expr) -> str:
        """Return the name of an operator that the file defines as an export does, empty for any other."""
        return WAIT if isinstance(node, ast.Name) and node.id == WAIT and self._has_wait else ""

    def work(
        self, kind: str, name: str, named: dict[str, ast.expr], expanded: dict[str, ast.expr] | None
    ) -> Work | None:
        """Return what a task of an export does, nothing if the task is of another file."""
        if kind == WAIT and "wait" in named:
            length = constant(named["wait"], self._module)
            if isinstance(length, timedelta):
                return Work({"kind": "wait", "wait_s": length.total_seconds()}, frozenset({"wait"}))
        called = named.get("python_callable")
        if not (isinstance(called, ast.Name) and called.id == RUNNER and self._has_runner):
            return None
        code = self._constant(SNIPPETS).get(name)
        if code is None:
            return None
        fields = {"python_callable": constant(code, self._module)}
        params = self._constant(PARAMS).get(name)
        if params is not None:
            fields["params"] = constant(params, self._module)
        return Work(fields | self._mapped(expanded), frozenset({"python_callable"}))

    def _mapped(self, expanded: dict[str, ast.expr] | None) -> dict[str, Any]:
        node = (expanded or {}).get("op_kwargs")
        if node is None:
            return {}
        stated = constant(node, self._module)
        if not isinstance(stated, list) or any(
            not isinstance(each, dict) or [*each] != [ITEM] for each in stated
        ):
            raise Refused(node, f"an export maps over a list of {{{ITEM!r}: …}} alone: write it so")
        return {"map_over": expression([each[ITEM] for each in stated], node), "on_item_failure": "collect"}

    def _constant(self, name: str) -> dict[str, ast.expr]:
        return self._constants.get(name, {})

    @cached_property
    def _constants(self) -> dict[str, dict[str, ast.expr]]:
        stated = {name: self._module.constant(name) for name in (SNIPPETS, PARAMS)}
        return {name: dict(pairs(node, self._module)) for name, node in stated.items() if node is not None}

    @cached_property
    def _has_runner(self) -> bool:
        return self._defines(SNIPPET_RUNNER)

    @cached_property
    def _has_wait(self) -> bool:
        return self._defines(WAIT_OPERATOR)

    def _defines(self, text: str) -> bool:
        definitions = self._module.definitions
        return all(
            each.name in definitions and ast.dump(definitions[each.name]) == ast.dump(each)
            for each in ast.parse(text).body
            if isinstance(each, ast.FunctionDef | ast.ClassDef)
        )
