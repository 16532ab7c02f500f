"""Turns the plain JSON input into what the author's annotation asks for.

The manifest's `input_schema` is checked before a job starts; this only builds the object, and refuses
an input that cannot become one.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from satellite.plugin.errors import InputRefused

Converter = Callable[[Any], Any]
LISTS = (list, Sequence, Iterable)


def find_input_type(function: Callable[..., Any], *, batch: bool) -> Any:
    """Return the annotation of the first parameter (of its items for a batch), or None."""
    hints = find_hints(function)
    annotation = next((hint for name, hint in hints.items() if name != "return"), None)
    if not batch:
        return annotation
    return typing.get_args(annotation)[0] if is_list_of_something(annotation) else None


def make_converter(wanted: Any) -> Converter | None:
    """Return what turns plain JSON into `wanted`, or None when plain JSON is what is wanted."""
    # Both are found by their marks: pydantic may be absent, and dataclasses are slow to import.
    if isinstance(wanted, type) and hasattr(wanted, "model_validate"):
        return lambda value: _validate_model(wanted, value)
    if isinstance(wanted, type) and hasattr(wanted, "__dataclass_fields__"):
        from satellite.plugin.dataclass_input import make_dataclass_converter  # noqa: PLC0415

        return make_dataclass_converter(wanted)
    if is_list_of_something(wanted):
        item = make_converter(typing.get_args(wanted)[0])
        return None if item is None else lambda value: [item(each) for each in _expect_list(value)]
    return None


def find_hints(annotated: Any) -> dict[str, Any]:
    """Return the annotations as types, in the order in which they are written."""
    try:
        return typing.get_type_hints(annotated)
    except Exception:  # noqa: BLE001 - an annotation may name anything, also what does not exist.
        return {}


def is_list_of_something(annotation: Any) -> bool:
    """Tell whether the annotation is a list (or the like) whose items have a type."""
    return typing.get_origin(annotation) in LISTS and bool(typing.get_args(annotation))


def _validate_model(model: Any, value: Any) -> Any:
    try:
        return model.model_validate(value)
    except ValueError as error:  # pydantic's ValidationError is one.
        raise InputRefused(str(error)) from None


def _expect_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise InputRefused(f"a list was expected, not {type(value).__name__}")
    return value
