"""Turns the plain JSON input into what the author's annotation asks for.

The manifest's `input_schema` is checked before a job starts; this only builds the object, and refuses
an input that cannot become one.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import inspect
import typing
from collections.abc import Callable
from typing import Any

from satellite.plugin.errors import InputRefused

Converter = Callable[[Any], Any]
LISTS = (list, collections.abc.Sequence, collections.abc.Iterable)


def find_input_type(function: Callable[..., Any], *, batch: bool) -> Any:
    """Return the annotation of the first parameter (of its items for a batch), or None."""
    first = next(iter(inspect.signature(function).parameters), "")
    annotation = _find_hints(function).get(first)
    if not batch:
        return annotation
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) in LISTS else None


def make_converter(wanted: Any) -> Converter | None:
    """Return what turns plain JSON into `wanted`, or None when plain JSON is what is wanted."""
    if isinstance(wanted, type) and hasattr(wanted, "model_validate"):
        return lambda value: _validate_model(wanted, value)
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
        return _make_dataclass_converter(wanted)
    if typing.get_origin(wanted) in LISTS and typing.get_args(wanted):
        item = make_converter(typing.get_args(wanted)[0])
        return None if item is None else lambda value: [item(each) for each in _expect(list, value, "input")]
    return None


def _find_hints(annotated: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(annotated)
    except Exception:  # noqa: BLE001 - an annotation may name anything, also what does not exist.
        return {}


def _validate_model(model: Any, value: Any) -> Any:
    try:
        return model.model_validate(value)
    except ValueError as error:  # pydantic's ValidationError is one.
        raise InputRefused(str(error)) from None


def _make_dataclass_converter(wanted: type) -> Converter:
    hints = _find_hints(wanted)
    fields = [field for field in dataclasses.fields(wanted) if field.init]
    converters = {field.name: make_converter(hints.get(field.name)) for field in fields}
    required = [
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]

    def convert(value: Any) -> Any:
        _expect(dict, value, wanted.__name__)
        wrong = [f"{name!r} is missing" for name in required if name not in value]
        wrong += [f"{name!r} is unknown" for name in value if name not in converters]
        if wrong:
            raise InputRefused(f"{wanted.__name__}: {', '.join(wrong)}")
        parts = {}
        for name, part in value.items():
            converter = converters[name]
            parts[name] = part if converter is None else converter(part)
        try:
            return wanted(**parts)
        except ValueError as error:  # A check in the author's `__post_init__`.
            raise InputRefused(f"{wanted.__name__}: {error}") from None

    return convert


def _expect(kind: type, value: Any, what: str) -> Any:
    if not isinstance(value, kind):
        wanted = "an object" if kind is dict else "a list"
        raise InputRefused(f"{what} must be {wanted}, not {type(value).__name__}")
    return value
