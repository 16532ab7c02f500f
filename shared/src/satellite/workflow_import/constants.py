"""Values that a file states outright, found without running it."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from satellite.workflow_import.faults import Refused
from satellite.workflow_import.module import Module

_OPERATORS: Final[dict[type[ast.operator | ast.unaryop], Callable[..., Any]]] = {
    ast.USub: operator.neg,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_TIMEDELTA: Final = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
_NO_CONSTANT: Final = "what this makes is known only when the file runs: write the value itself"


def constant(node: ast.expr, module: Module) -> Any:  # noqa: PLR0911
    """Return the value of an expression.

    Raises:
        Refused: it can be known only by running the file.
    """
    match node:
        case ast.Constant():
            return node.value
        case ast.List():
            return [constant(each, module) for each in node.elts]
        case ast.Tuple():
            return tuple(constant(each, module) for each in node.elts)
        case ast.Dict():
            return _mapping(node, module)
        case ast.Name():
            return constant(_value_of(node, module), module)
        case ast.Attribute():
            return _member(node, module)
        case ast.UnaryOp() | ast.BinOp():
            return _reckoned(node, module)
        case ast.Call():
            return _length_of_time(node, module)
    raise Refused(node, _NO_CONSTANT)


def pairs(node: ast.expr, module: Module) -> list[tuple[str, ast.expr]]:
    """Return the keys of a dictionary with the expressions of their values.

    Raises:
        Refused: it is no dictionary, or its keys can be known only by running the file.
    """
    if isinstance(node, ast.Name):
        return pairs(_value_of(node, module), module)
    if isinstance(node, ast.Call) and module.qualified(node.func) == "dict" and not node.args:
        return [(each.arg, each.value) for each in node.keywords if each.arg is not None]
    if not isinstance(node, ast.Dict):
        raise Refused(node, "this must be a dictionary that is written out")
    found: list[tuple[str, ast.expr]] = []
    for key, value in zip(node.keys, node.values, strict=True):
        found += pairs(value, module) if key is None else [(str(constant(key, module)), value)]
    return found


def _mapping(node: ast.Dict, module: Module) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            found |= constant(value, module)
        else:
            found[constant(key, module)] = constant(value, module)
    return found


def _value_of(node: ast.Name, module: Module) -> ast.expr:
    value = module.constant(node.id)
    # What is defined further down has not happened yet, and one that leads back to itself never does.
    if value is None or value.lineno >= node.lineno:
        raise Refused(node, f"what {node.id} is can be known only when the file runs: write the value itself")
    return value


def _member(node: ast.Attribute, module: Module) -> str:
    if module.qualified(node.value).rpartition(".")[2] == "TriggerRule":
        return node.attr.lower()
    raise Refused(node, _NO_CONSTANT)


def _reckoned(node: ast.UnaryOp | ast.BinOp, module: Module) -> Any:
    parts = [node.operand] if isinstance(node, ast.UnaryOp) else [node.left, node.right]
    reckon = _OPERATORS.get(type(node.op))
    values = [constant(part, module) for part in parts]
    if reckon is None or not all(isinstance(value, int | float | timedelta) for value in values):
        raise Refused(node, _NO_CONSTANT)
    try:
        return reckon(*values)
    except (ArithmeticError, TypeError):
        raise Refused(node, _NO_CONSTANT) from None


def _length_of_time(node: ast.Call, module: Module) -> timedelta:
    if module.qualified(node.func).rpartition(".")[2] not in {"timedelta", "duration"}:
        raise Refused(node, _NO_CONSTANT)
    stated = dict(zip(_TIMEDELTA, (constant(each, module) for each in node.args), strict=False))
    stated |= {str(each.arg): constant(each.value, module) for each in node.keywords}
    try:
        return timedelta(**stated)
    except (TypeError, OverflowError):
        raise Refused(node, "this is no length of time: write it as timedelta(minutes=5)") from None
