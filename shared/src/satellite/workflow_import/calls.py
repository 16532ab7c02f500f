"""A call that makes a task, taken apart: what is called, and with what at each of its steps."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from satellite.workflow_import.faults import Refused

STEPS: Final = frozenset({"override", "partial", "expand"})
UNKNOWN_STEPS: Final = frozenset({"expand_kwargs", "map", "zip", "concat", "filter"})


@dataclass(slots=True)
class TaskCall:
    """`base.override(…).partial(…).expand(…)`, or `base.override(…)(…)`."""

    base: ast.expr
    node: ast.Call
    positional: Sequence[ast.expr] = ()
    named: dict[str, ast.expr] = field(default_factory=dict)
    overridden: dict[str, ast.expr] = field(default_factory=dict)
    expanded: dict[str, ast.expr] | None = None


def take_apart(node: ast.Call) -> TaskCall:
    """Return the parts of a call.

    Raises:
        Refused: it has a step that no task of Satellite has.
    """
    call = TaskCall(base=node, node=node)
    while isinstance(call.base, ast.Call):
        made, method = call.base, call.base.func
        step = method.attr if isinstance(method, ast.Attribute) else ""
        if step in UNKNOWN_STEPS:
            raise Refused(made, f"{step} has nothing that does the same: make the list in a task before")
        call.base = method.value if isinstance(method, ast.Attribute) and step in STEPS else method
        _note(call, step, made)
    return call


def _note(call: TaskCall, step: str, made: ast.Call) -> None:
    named = {each.arg: each.value for each in made.keywords if each.arg is not None}
    if len(named) != len(made.keywords) or any(isinstance(each, ast.Starred) for each in made.args):
        raise Refused(made, "write the arguments out, without * and **")
    if step == "override":
        call.overridden = named
    elif step == "expand":
        call.expanded = named
    else:
        call.positional, call.named = made.args, named
