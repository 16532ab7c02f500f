"""Turns the plain JSON input into what the author's annotation asks for.

The manifest's `input_schema` is checked before a job starts; this only builds the objects, and refuses
an input that cannot become them. What an annotation says beyond what is told here stays plain JSON.
"""

from __future__ import annotations

import types
import typing
from enum import Enum
from typing import Any

from satellite.plugin.errors import InputRefused
from satellite.plugin.plain_values import (
    EXPECTATIONS,
    LISTS,
    OBJECTS,
    Converter,
    expect_moment,
    expect_string,
)
from satellite.plugin.unfit import Unfit

MOMENTS = ("datetime", "date", "time")
UNIONS = (typing.Union, getattr(types, "UnionType", typing.Union))


def make_input_converter(wanted: Any) -> Converter | None:
    """Return what turns a job's input into `wanted`, or None when plain JSON is what is wanted.

    It raises InputRefused, with the JSON pointer of the value that does not fit.
    """
    converter = make_converter(wanted)
    if converter is None:
        return None
    convert = converter

    def convert_input(value: Any) -> Any:
        try:
            return convert(value)
        except Unfit as error:
            raise InputRefused(error.told()) from None
        except RecursionError:
            raise InputRefused("the input is nested too deeply") from None

    return convert_input


def make_converter(wanted: Any) -> Converter | None:
    """Return what turns plain JSON into `wanted`, or None when plain JSON is what is wanted."""
    wanted = _bare(wanted)
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in UNIONS or origin is typing.Literal:
        from satellite.plugin import choices  # noqa: PLC0415 - imported where needed: plugins start often.

        if origin is typing.Literal:
            return choices.make_literal(arguments)
        return choices.make_union(arguments, make_converter=make_converter)
    if arguments and origin in (*LISTS, *OBJECTS, tuple):
        from satellite.plugin import containers  # noqa: PLC0415

        return containers.make_container(origin, arguments, make_converter=make_converter)
    return _make_plain(origin or wanted)


def _make_plain(wanted: Any) -> Converter | None:
    if not isinstance(wanted, type):
        return None
    if wanted in EXPECTATIONS:
        return EXPECTATIONS[wanted]
    if wanted.__module__ == "datetime" and wanted.__name__ in MOMENTS:
        return expect_moment(wanted)
    # As a package in newer releases of Python.
    if wanted.__module__.partition(".")[0] == "pathlib":
        return lambda value: wanted(expect_string(value))
    return _make_object(wanted)


def _make_object(wanted: Any) -> Converter | None:
    # Both are found by their marks: pydantic may be absent, and dataclasses are slow to import.
    if hasattr(wanted, "model_validate"):
        return lambda value: _validate_model(wanted, value)
    if hasattr(wanted, "__dataclass_fields__"):
        from satellite.plugin.dataclass_input import make_dataclass_converter  # noqa: PLC0415

        return make_dataclass_converter(wanted, make_converter=make_converter)
    if issubclass(wanted, Enum):
        from satellite.plugin.choices import make_enum  # noqa: PLC0415

        return make_enum(wanted)
    return None


def _bare(wanted: Any) -> Any:
    """Return what stands behind a NewType, the name of an alias, or Final."""
    while True:
        if typing.get_origin(wanted) is typing.Final:
            wanted = typing.get_args(wanted)[0]
        elif hasattr(wanted, "__supertype__"):
            wanted = wanted.__supertype__
        elif type(wanted).__name__ == "TypeAliasType":
            wanted = wanted.__value__
        else:
            return wanted


def _validate_model(model: Any, value: Any) -> Any:
    try:
        return model.model_validate(value)
    except ValueError as error:  # pydantic's ValidationError is one.
        raise Unfit(str(error)) from None
