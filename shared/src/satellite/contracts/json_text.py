"""JSON text at every door: how deep, how large, and with which numbers and characters it may be.

What passes here can be parsed, stored, carried and written again by every part of Satellite, so whoever
has such text splices it as it is and parses it once more only at the next door.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, TypeAlias

from pydantic_core import PydanticSerializationError, from_json, to_json

from satellite.errors import SatelliteError

JSON_LEVELS_MAX = 128
JSON_BYTES_MAX = 1_000_000

_PARSER_LEVELS_MAX = 200
"""What `from_json` takes; orjson writes 254 levels, PostgreSQL and Python's own module some thousand."""

_SMALL_BYTES = 8_192
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_TOO_DEEP = f"is nested deeper than {JSON_LEVELS_MAX} levels"

Path: TypeAlias = tuple[str | int, ...]


class JSONRefused(SatelliteError):
    """The text is not the JSON that Satellite takes; `pointer` tells where, if that is known."""

    code = "json_refused"

    def __init__(self, reason: str, path: Sequence[str | int] = ()) -> None:
        self.reason = reason
        self.path = tuple(path)
        self.pointer = json_pointer(path)
        where = f" at {self.pointer[:100]}" if self.pointer else ""
        super().__init__(f"the value{where} {reason}")


class JSONMalformed(JSONRefused):
    """The text is not one JSON value."""


def json_pointer(path: Sequence[Any]) -> str:
    """Return the JSON pointer (RFC 6901) of a path of keys and indexes."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def parse_json(text: bytes | str, *, envelope_levels: int = 0, bytes_max: int | None = JSON_BYTES_MAX) -> Any:
    """Return the value of one JSON text, whole numbers exactly as they are written.

    `envelope_levels` is how many levels stand around the value that the limit of depth is for.

    Raises:
        JSONMalformed: it is not one JSON value, or holds NaN or half a surrogate pair.
        JSONRefused: it is too large or too deep, or holds a number that is not finite or a NUL character.
    """
    data = _encoded(text) if isinstance(text, str) else text
    if bytes_max is not None:
        _check_size(data, bytes_max)
    levels_max = JSON_LEVELS_MAX + envelope_levels
    try:
        value = _parse_inside(data, _brackets_around(data, levels_max))
    except ValueError:
        value = _parse_slowly(data, levels_max)
    if _may_hold_infinity(data):
        path = _find(value, lambda _, part: _is_infinite(part))
        if path is not None:
            raise JSONRefused("is too large a number", path)
    if rb"\u0000" in data and _NUL.search(data):
        # Also where a later key of the same name hides it from us: PostgreSQL reads all of the text.
        path = _find(value, lambda _, part: _holds_nul(part)) or ()
        raise JSONRefused("holds the character U+0000, which cannot be stored", path)
    return value


def write_json(value: Any, *, bytes_max: int | None = JSON_BYTES_MAX) -> str:
    """Return `value` as compact JSON text with its keys in their order.

    Raises:
        JSONRefused: it holds what JSON cannot express, or its text is too large. NaN is not noticed here.
    """
    try:
        data = to_json(value)
    except (PydanticSerializationError, ValueError) as error:
        raise JSONRefused(f"cannot be written as JSON: {error}") from error
    if bytes_max is not None:
        _check_size(data, bytes_max)
    return data.decode()


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise JSONMalformed("is not valid JSON: it holds half a surrogate pair") from None


def _check_size(data: bytes, bytes_max: int) -> None:
    if len(data) > bytes_max:
        raise JSONRefused(f"has {len(data)} bytes; at most {bytes_max} are taken, send large data as a file")


def _brackets_around(data: bytes, levels_max: int) -> int:
    # Inside so many brackets the parser's own limit is ours: to look for the depth of a parsed value takes
    # as long as to parse it (1 ms for 100 KB, 2026-11-25), these brackets take 7 us. One more than there is
    # room for, because the parser does not count an empty array or object.
    if len(data) < _SMALL_BYTES and data.count(b"[") + data.count(b"{") <= levels_max:
        return 0
    return _PARSER_LEVELS_MAX + 1 - levels_max


def _parse_inside(data: bytes, brackets: int) -> Any:
    value = from_json(b"%b%b%b" % (b"[" * brackets, data, b"]" * brackets), allow_inf_nan=False)
    for _ in range(brackets):
        if len(value) != 1:
            raise ValueError("not one value")
        (value,) = value
    return value


def _parse_slowly(data: bytes, levels_max: int) -> Any:
    """Return the value of a text that is just not too deep, or say what is wrong with it."""
    try:
        value = from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise _explained(data, str(error)) from None
    path = _find(value, lambda path, part: len(path) == levels_max and isinstance(part, dict | list))
    if path is not None:
        raise JSONRefused(_TOO_DEEP, path)
    return value


def _explained(data: bytes, error: str) -> JSONRefused:
    """Return why a text was not parsed."""
    if "recursion limit" in error:
        return JSONRefused(_TOO_DEEP)
    if "number out of range" in error:
        return JSONRefused(f"holds a number with too many digits: {error}")
    try:
        path = _find(from_json(data, allow_inf_nan=True), lambda _, part: _is_infinite(part))
    except ValueError:
        return JSONMalformed(f"is not valid JSON: {error}")
    return JSONMalformed("is not a number that JSON has", path or ())


_SHAPE = bytes.maketrans(b"123456789+E", b"0000000000e")
_MANY_DIGITS = b"0" * 200


def _may_hold_infinity(data: bytes) -> bool:
    """Tell quickly of nearly every text that its numbers are finite: few digits, small exponents."""
    shape = data.translate(_SHAPE)
    return (b"e" in shape and b"0e000" in shape) or _MANY_DIGITS in shape


def _is_infinite(part: Any) -> bool:
    return isinstance(part, float) and not isfinite(part)


def _holds_nul(part: Any) -> bool:
    strings = part if isinstance(part, dict) else (part,) if isinstance(part, str) else ()
    return any("\0" in string for string in strings)


def _find(value: Any, is_wanted: Callable[[Path, Any], bool]) -> Path | None:
    """Return the path to the first part of a value that is wanted; iterative, so that no depth hurts."""
    waiting: list[tuple[Path, Any]] = [((), value)]
    while waiting:
        path, part = waiting.pop()
        if is_wanted(path, part):
            return path
        if isinstance(part, dict):
            waiting.extend(((*path, key), child) for key, child in reversed(part.items()))
        elif isinstance(part, list):
            waiting.extend(((*path, index), child) for index, child in reversed(list(enumerate(part))))
    return None
