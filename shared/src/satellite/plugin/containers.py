"""Lists, tuples and objects whose items have a type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from satellite.plugin.plain_values import OBJECTS, Converter, ConverterMaker, expect_list, expect_object
from satellite.plugin.unfit import Unfit, must_be


def make_container(kind: Any, arguments: Sequence[Any], *, make_converter: ConverterMaker) -> Converter:
    """Return what converts the items of a list, tuple or object."""
    if kind in OBJECTS:
        key, item = arguments
        return _make_object(_make_key(key, make_converter), make_converter(item))
    if kind is not tuple:
        return _make_list(make_converter(arguments[0]))
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        items = _make_list(make_converter(arguments[0]))
        return lambda value: tuple(items(value))
    return _make_tuple([make_converter(each) for each in arguments])


def _make_list(convert: Converter | None) -> Converter:
    if convert is None:
        return expect_list
    return lambda value: [
        _convert_inside(place, convert, each) for place, each in enumerate(expect_list(value))
    ]


def _make_tuple(converters: Sequence[Converter | None]) -> Converter:
    def convert(value: Any) -> Any:
        items = expect_list(value)
        if len(items) != len(converters):
            raise Unfit(f"must have {len(converters)} items, not {len(items)}")
        return tuple(
            _convert_inside(place, converter, each)
            for place, (converter, each) in enumerate(zip(converters, items))
        )

    return convert


def _make_object(convert_key: Converter | None, convert_item: Converter | None) -> Converter:
    def convert(value: Any) -> Any:
        pairs: Iterable[tuple[str, Any]] = expect_object(value).items()
        return {
            _convert_inside(name, convert_key, name): _convert_inside(name, convert_item, each)
            for name, each in pairs
        }

    return convert


def _convert_inside(key: Any, converter: Converter | None, value: Any) -> Any:
    if converter is None:
        return value
    try:
        return converter(value)
    except Unfit as error:
        raise error.inside(key) from None


def _make_key(key: Any, make_converter: ConverterMaker) -> Converter | None:
    # The keys of JSON are strings, also those that are numbers in Python.
    if key in {int, float}:
        return _number_in_text(key)
    convert = make_converter(key)
    if convert is None or not (isinstance(key, type) and issubclass(key, Enum)):
        return convert
    values = {str(member.value): member.value for member in key}
    return lambda name: convert(values.get(name, name))


def _number_in_text(kind: Any) -> Converter:
    def convert(name: Any) -> Any:
        try:
            return kind(name)
        except ValueError:
            raise must_be(f"named by a number ({kind.__name__})", name) from None

    return convert
