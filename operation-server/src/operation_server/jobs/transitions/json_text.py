"""JSON text that PostgreSQL can store as jsonb."""

from __future__ import annotations

import json
from typing import Any

import orjson

from satellite.errors import SatelliteError

ESCAPED_NUL = "\\u0000"


class JSONNotStorable(SatelliteError):
    """The value holds a NUL character or half a surrogate pair, which the database cannot store."""

    code = "json_not_storable"


def dump_json(value: Any) -> str:
    """Return `value` as compact JSON text that jsonb accepts.

    Raises:
        JSONNotStorable: a string in it holds NUL or a lone surrogate.
    """
    try:
        text = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        # Integers beyond 64 bits are valid JSON and valid jsonb, but not for orjson.
        text = _dump_slowly(value)
    if ESCAPED_NUL in text and _holds_nul(value):
        raise JSONNotStorable
    return text


def _dump_slowly(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
        text.encode()
    except (UnicodeEncodeError, ValueError) as error:
        raise JSONNotStorable from error
    return text


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
    return isinstance(value, list | tuple) and any(_holds_nul(item) for item in value)


def storable_text(text: str) -> str:
    """Return `text` with whatever jsonb refuses replaced by the replacement character."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
