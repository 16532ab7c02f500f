"""Reads annotations: as types, whatever of them can be evaluated."""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from satellite.plugin.plain_values import LISTS

UNION = "_satellite_union"


def find_input_type(function: Callable[..., Any], *, batch: bool) -> Any:
    """Return the annotation of the first parameter (of its items for a batch), or Any."""
    hints = find_hints(function)
    annotation = next((hint for name, hint in hints.items() if name != "return"), Any)
    if not batch:
        return annotation
    items = typing.get_args(annotation) if typing.get_origin(annotation) in LISTS else ()
    return items[0] if items else Any


def find_hints(annotated: Any) -> dict[str, Any]:
    """Return the annotations as types, in the order in which they are written.

    One that cannot be evaluated, because its name is imported for type checkers only for instance, is Any.
    """
    try:
        return typing.get_type_hints(annotated)
    except Exception:  # noqa: BLE001 - an annotation may name anything, also what does not exist.
        return _find_one_by_one(annotated)


def _find_one_by_one(annotated: Any) -> dict[str, Any]:
    hints = {}
    for place in reversed(annotated.__mro__) if isinstance(annotated, type) else [annotated]:
        names = getattr(place, "__globals__", None) or vars(sys.modules[place.__module__])
        # A class without annotations would show those of its base.
        written = vars(place).get("__annotations__") or getattr(place, "__annotations__", {})
        for name, annotation in written.items():
            hints[name] = _evaluate(annotation, names)
    return hints


def _evaluate(annotation: Any, names: Mapping[str, Any]) -> Any:
    # Python 3.9 has no `X | None`, though it may be written where annotations are text.
    for each in (annotation, _with_unions(annotation)):
        probe = types.SimpleNamespace(__annotations__={"it": each})
        try:
            return typing.get_type_hints(probe, {**names, UNION: typing.Union})["it"]
        except Exception:  # noqa: BLE001, S112 - as above.
            continue
    return Any


def _with_unions(annotation: Any) -> Any:
    """Return the text of an annotation with `Union[X, Y]` for each `X | Y`."""
    if not isinstance(annotation, str):
        return annotation
    import ast  # noqa: PLC0415 - slow to import, and rarely needed.

    class Unions(ast.NodeTransformer):
        def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
            self.generic_visit(node)
            sides = ast.Tuple([node.left, node.right], ast.Load())
            return ast.Subscript(ast.Name(UNION, ast.Load()), sides, ast.Load())

        def visit_Constant(self, node: ast.Constant) -> ast.AST:
            return self.visit(parse(node.value)) if isinstance(node.value, str) else node

        def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
            # What stands in a Literal is no annotation.
            return node if ast.unparse(node.value).endswith("Literal") else self.generic_visit(node)

    def parse(text: str) -> ast.AST:
        return ast.parse(text, mode="eval").body

    try:
        return ast.unparse(Unions().visit(parse(annotation)))
    except SyntaxError:
        return annotation
