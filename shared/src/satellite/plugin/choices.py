"""One of several: enums, literals and unions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum
from typing import Any

from satellite.plugin.plain_values import Converter, ConverterMaker
from satellite.plugin.unfit import Unfit, must_be


def make_enum(wanted: Any) -> Converter:
    """Return what finds a member by its value."""
    values = [member.value for member in wanted]

    def convert(value: Any) -> Any:
        if any(_is_same(value, each) for each in values):
            return wanted(value)
        try:
            # The author's own `_missing_` may know more, upper and lower case for instance.
            return wanted(value) if not isinstance(value, bool) else _refuse(value, values)
        except ValueError:
            return _refuse(value, values)

    return convert


def make_literal(options: Sequence[Any]) -> Converter:
    """Return what takes one of the options, and enums among them by their value."""
    by_value = [(each.value if isinstance(each, Enum) else each, each) for each in options]

    def convert(value: Any) -> Any:
        for each, option in by_value:
            if _is_same(value, each):
                return option
        return _refuse(value, [each for each, _ in by_value])

    return convert


def make_union(options: Sequence[Any], *, make_converter: ConverterMaker) -> Converter | None:
    """Return what takes the first option that fits, unless several dataclasses do.

    None if one of them is anything, so that nothing can be told apart.
    """
    converters = [make_converter(each) for each in options]
    tried = [(option, each) for option, each in zip(options, converters) if each is not None]
    if len(tried) < len(converters):
        return None

    def convert(value: Any) -> Any:
        found, faults = _try_all(tried, value)
        alike = [option.__name__ for option, _ in found if hasattr(option, "__dataclass_fields__")]
        if len(alike) > 1:
            raise Unfit(f"fits {' and '.join(alike)} alike")
        if found:
            return found[0][1]
        if len(faults) == 1:
            raise faults[0]
        raise Unfit(f"fits nothing: {'; '.join(fault.told() for fault in faults)}")

    return convert


def _try_all(tried: Sequence[tuple[Any, Converter]], value: Any) -> tuple[list[tuple[Any, Any]], list[Unfit]]:
    results = [(option, _try(convert, value)) for option, convert in tried]
    found = [(option, result) for option, result in results if not isinstance(result, Unfit)]
    faults = [result for option, result in results if isinstance(result, Unfit) and option is not type(None)]
    return found, faults


def _try(convert: Converter, value: Any) -> Any:
    try:
        return convert(value)
    except Unfit as fault:
        return fault


def _is_same(value: Any, other: Any) -> bool:
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)


def _refuse(value: Any, options: Sequence[Any]) -> Any:
    listed = ", ".join(json.dumps(each, ensure_ascii=False, default=str) for each in options)
    raise must_be(f"one of {listed}", value)
