"""Builds an author's dataclass from a JSON object, dataclasses inside it included."""

from __future__ import annotations

import dataclasses
from typing import Any

from satellite.plugin.conversion import Converter, find_hints, make_converter
from satellite.plugin.errors import InputRefused


def make_dataclass_converter(wanted: Any) -> Converter:
    """Return what turns a JSON object into an instance of the dataclass `wanted`."""
    hints = find_hints(wanted)
    fields = [field for field in dataclasses.fields(wanted) if field.init]
    converters = {field.name: make_converter(hints.get(field.name)) for field in fields}
    required = [field.name for field in fields if _has_no_default(field)]

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            raise InputRefused(f"{wanted.__name__} must be an object, not {type(value).__name__}")
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


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
