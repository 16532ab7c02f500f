"""How the types of Python that JSON lacks are written."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from unfit import ValueUnfit

Decode = Callable[[Any], Any]


class Codec(NamedTuple):
    """How values of one type are written and read; without a name they become plain JSON."""

    name: str | None
    encode: Callable[[Any, Any], Any]
    """Is given the value, and the encoder for its parts."""
    decode: Callable[[Any, Decode], Any] = lambda encoded, _: encoded


def is_clean(text: str) -> bool:
    """Tell whether a text can be stored as it is: without U+0000 and halves of surrogate pairs."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text))


def encode_bytes(data: bytes, encoder: Any) -> str:
    """Return bytes in base64."""
    encoder.claim(len(data))
    return base64.b64encode(data).decode()


def decode_bytes(text: str) -> bytes:
    """Return what was written in base64."""
    return base64.b64decode(text, validate=True)


def _encode_parts(parts: Iterable[Any], encoder: Any) -> list[Any]:
    return [encoder.encode_part(part, place) for place, part in enumerate(parts)]


def _encode_set(parts: Iterable[Any], encoder: Any) -> list[Any]:
    # In an order that is the same each time, which that of a set is not.
    return sorted(_encode_parts(parts, encoder), key=json.dumps)


def _encode_pairs(value: dict[Any, Any], encoder: Any) -> list[Any]:
    return [[encoder.encode(key), encoder.encode_part(part, key)] for key, part in value.items()]


def _encode_float(value: float, _: Any) -> float | str:
    # A number wherever JSON has one, for those who look at values without knowing Python's types.
    return value if value and math.isfinite(value) else repr(value)


def _encode_moment(value: datetime | time, _: Any) -> str:
    """Return ISO 8601, with the name of the zone behind it as in RFC 9557."""
    zone = value.tzinfo
    # Python itself does not read offsets of less than a second.
    if zone is None or (type(zone) is timezone and not zone.utcoffset(None).microseconds):
        return value.isoformat()
    if not isinstance(zone, ZoneInfo) or zone.key is None:
        raise ValueUnfit(f"a time in a zone of {type(zone).__name__} cannot travel; use zoneinfo.ZoneInfo")
    return f"{value.isoformat()}[{zone.key}]"


def _decode_datetime(text: str, _: Decode) -> datetime:
    told, _bracket, key = text.rstrip("]").partition("[")
    value = datetime.fromisoformat(told)
    if not key:
        return value
    found = value.replace(tzinfo=ZoneInfo(key))
    # Of an hour that clocks go through twice, the offset tells which one it was.
    return found if found.utcoffset() == value.utcoffset() else found.replace(fold=1)


def _decode_time(text: str, _: Decode) -> time:
    told, _bracket, key = text.rstrip("]").partition("[")
    value = time.fromisoformat(told)
    return value.replace(tzinfo=ZoneInfo(key)) if key else value


BY_KIND: dict[type, Codec] = {
    int: Codec("int", lambda value, encoder: _claimed(hex(value), encoder), lambda text, _: int(text, 16)),
    float: Codec("float", _encode_float, lambda told, _: float(told)),
    str: Codec(
        "str",
        lambda value, encoder: encode_bytes(value.encode("utf-8", "surrogatepass"), encoder),
        lambda text, _: decode_bytes(text).decode("utf-8", "surrogatepass"),
    ),
    bytes: Codec("bytes", encode_bytes, lambda text, _: decode_bytes(text)),
    tuple: Codec("tuple", _encode_parts, lambda parts, decode: tuple(map(decode, parts))),
    set: Codec("set", _encode_set, lambda parts, decode: set(map(decode, parts))),
    frozenset: Codec("frozenset", _encode_set, lambda parts, decode: frozenset(map(decode, parts))),
    dict: Codec(
        "dict", _encode_pairs, lambda pairs, decode: {decode(key): decode(part) for key, part in pairs}
    ),
    Decimal: Codec(
        "decimal", lambda value, encoder: _claimed(str(value), encoder), lambda text, _: Decimal(text)
    ),
    datetime: Codec("datetime", _encode_moment, _decode_datetime),
    date: Codec("date", lambda value, _: value.isoformat(), lambda text, _: date.fromisoformat(text)),
    time: Codec("time", _encode_moment, _decode_time),
    timedelta: Codec(
        "timedelta",
        lambda value, _: [value.days, value.seconds, value.microseconds],
        lambda parts, _: timedelta(*parts),
    ),
}
BY_NAME = {codec.name: codec for codec in BY_KIND.values()}


def _claimed(text: str, encoder: Any) -> str:
    encoder.claim(len(text))
    return text
