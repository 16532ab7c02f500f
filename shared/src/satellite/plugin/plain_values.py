"""What is checked of a value that stays what JSON made of it, or nearly so."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

from satellite.plugin.unfit import must_be

Converter = Callable[[Any], Any]
"""Turns plain JSON into something, or raises `Unfit`."""
ConverterMaker = Callable[[Any], "Converter | None"]
"""Returns what turns plain JSON into what an annotation says, None for plain JSON."""

LISTS = (list, Sequence, MutableSequence, Collection, Iterable)
OBJECTS = (dict, Mapping, MutableMapping)


def expect_string(value: Any) -> Any:
    """Return a string."""
    if not isinstance(value, str):
        raise must_be("a string", value)
    return value


def expect_boolean(value: Any) -> Any:
    """Return true or false."""
    if not isinstance(value, bool):
        raise must_be("true or false", value)
    return value


def expect_whole_number(value: Any) -> Any:
    """Return an int; JSON writes it as 2 or as 2.0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise must_be("a whole number", value)
    return value


def expect_number(value: Any) -> Any:
    """Return a float."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise must_be("a number", value)
    try:
        return float(value)
    except OverflowError:
        raise must_be("a number that a float holds", value) from None


def expect_null(value: Any) -> Any:
    """Return None."""
    if value is not None:
        raise must_be("null", value)


def expect_list(value: Any) -> Any:
    """Return a list."""
    if not isinstance(value, list):
        raise must_be("a list", value)
    return value


def expect_object(value: Any) -> Any:
    """Return a dict."""
    if not isinstance(value, dict):
        raise must_be("an object", value)
    return value


def expect_moment(wanted: Any) -> Callable[[Any], Any]:
    """Return what reads a `datetime`, `date` or `time` as ISO 8601 writes it."""

    def convert(value: Any) -> Any:
        try:
            # Python before 3.11 does not know Z.
            return wanted.fromisoformat(value[:-1] + "+00:00" if value[-1:] in {"Z", "z"} else value)
        except (TypeError, ValueError):
            raise must_be(f"a {wanted.__name__} in ISO 8601", value) from None

    return convert


EXPECTATIONS: dict[Any, Callable[[Any], Any]] = {
    str: expect_string,
    bool: expect_boolean,
    int: expect_whole_number,
    float: expect_number,
    type(None): expect_null,
    **dict.fromkeys(LISTS, expect_list),
    **dict.fromkeys(OBJECTS, expect_object),
    tuple: lambda value: tuple(expect_list(value)),
}
