"""Builds an author's dataclass from a JSON object, dataclasses inside it included."""

from __future__ import annotations

import dataclasses
from typing import Any

from satellite.plugin.hints import find_hints
from satellite.plugin.plain_values import Converter, ConverterMaker
from satellite.plugin.unfit import Unfit, shown

_made: dict[Any, DataclassConverter] = {}


def make_dataclass_converter(wanted: Any, *, make_converter: ConverterMaker) -> Converter:
    """Return what turns a JSON object into an instance of the dataclass `wanted`."""
    converter = _made.get(wanted)
    if converter is None:
        # Known before its fields are looked at, because a tree has itself among them.
        converter = _made[wanted] = DataclassConverter(wanted)
        converter.look_at_fields(make_converter)
    return converter.convert


class DataclassConverter:
    """Makes instances of one dataclass."""

    def __init__(self, wanted: Any) -> None:
        self._wanted = wanted
        self._name = wanted.__name__
        self._converters: dict[str, Converter | None] = {}
        self._required: list[str] = []

    def look_at_fields(self, make_converter: ConverterMaker) -> None:
        """Find out what each field wants."""
        hints = find_hints(self._wanted)
        for field in dataclasses.fields(self._wanted):
            if field.init:
                self._converters[field.name] = make_converter(hints.get(field.name))
                if _has_no_default(field):
                    self._required.append(field.name)

    def convert(self, value: Any) -> Any:
        """Return an instance."""
        self._check_names(value)
        parts = {name: self._convert_part(name, part) for name, part in value.items()}
        try:
            return self._wanted(**parts)
        except ValueError as error:  # A check in the author's `__post_init__`.
            raise Unfit(f"{self._name}: {error}") from None

    def _check_names(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise Unfit(f"{self._name} must be an object, not {shown(value)}")
        wrong = [f"{name!r} is missing" for name in self._required if name not in value]
        wrong += [f"{name!r} is unknown" for name in value if name not in self._converters]
        if wrong:
            raise Unfit(f"{self._name}: {', '.join(wrong)}")

    def _convert_part(self, name: str, part: Any) -> Any:
        converter = self._converters[name]
        if converter is None:
            return part
        try:
            return converter(part)
        except Unfit as error:
            raise error.inside(name) from None


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
