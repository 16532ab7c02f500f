"""Values as they travel between steps: JSON, and what JSON lacks as `{"$type": NAME, "value": …}`.

What comes back is equal to what was pushed and of the same type. Nothing is pickled: reading a value runs no
code that came with it.
"""

from __future__ import annotations

import importlib
import json
import math
from typing import Any

from codecs_of_python import BY_KIND, BY_NAME, Codec, is_clean
from unfit import VALUE_BYTES_MAX, VALUE_LEVELS_MAX, VALUE_PARTS_MAX, TooLarge, ValueUnfit, refuse_type

TYPE = "$type"
VALUE = "value"
EXACT_INT = range(-(2**63), 2**63)
"""What all who read JSON on its way take for whole numbers."""
EXACT_FLOAT_MAX = 1e16
"""From here on JSON may be written without a point, and come back as a whole number."""
LIBRARIES = {"numpy": "codecs_of_numpy", "pandas": "codecs_of_pandas"}
"""Modules that know the types of a library; who has such a value has imported the library already."""
IN_LIBRARY = {
    **dict.fromkeys(("ndarray", "datetime64"), "codecs_of_numpy"),
    **dict.fromkeys(
        ("dataframe", "series", "index", "timestamp", "pandas-timedelta", "nat", "na"), "codecs_of_pandas"
    ),
}


class Encoder:
    """Turns one value into JSON, and stops as soon as it is too large or too deep."""

    def __init__(self) -> None:
        self._bytes = 0
        self._parts = 0
        self._depth = 0

    def encode(self, value: Any) -> Any:
        """Return a value, or a part of it, as JSON has it.

        Raises:
            ValueUnfit: it cannot travel.
            TooLarge: it has more bytes or parts than may travel.
        """
        self._parts += 1
        if self._parts > VALUE_PARTS_MAX:
            raise TooLarge
        self.claim(len(value) if type(value) is str else 1)
        if _is_plain(value):
            return value
        self._depth += 1
        if self._depth > VALUE_LEVELS_MAX:
            raise ValueUnfit(f"it is nested deeper than {VALUE_LEVELS_MAX} levels")
        encoded = self._encode_other(value)
        self._depth -= 1
        return encoded

    def encode_part(self, value: Any, key: Any) -> Any:
        """Return a part, of which a fault tells where it is."""
        try:
            return self.encode(value)
        except ValueUnfit as error:
            raise error.inside(key) from None

    def claim(self, size_bytes: int) -> None:
        """Raise `TooLarge` if so many bytes more are too many."""
        self._bytes += size_bytes
        if self._bytes > VALUE_BYTES_MAX:
            raise TooLarge

    def _encode_other(self, value: Any) -> Any:
        kind = type(value)
        if kind is list:
            return [self.encode_part(part, place) for place, part in enumerate(value)]
        if kind is dict and TYPE not in value and all(type(key) is str and is_clean(key) for key in value):
            self.claim(sum(map(len, value)))
            return {key: self.encode_part(part, key) for key, part in value.items()}
        codec = BY_KIND.get(kind) or _codec_of(value)
        encoded = codec.encode(value, self)
        return encoded if codec.name is None else {TYPE: codec.name, VALUE: encoded}


def encode_value(value: Any) -> Any:
    """Return a value as JSON has it.

    Raises:
        ValueUnfit: it cannot travel.
        TooLarge: it has more bytes or parts than may travel.
    """
    encoded = Encoder().encode(value)
    if _levels(encoded) > VALUE_LEVELS_MAX:
        raise ValueUnfit(f"it is nested deeper than {VALUE_LEVELS_MAX} levels")
    return encoded


def decode_value(encoded: Any) -> Any:
    """Return the value that `encode_value` made this of.

    Raises:
        ValueError: it was not made by that, or by a newer version.
    """
    if isinstance(encoded, list):
        return [decode_value(part) for part in encoded]
    if not isinstance(encoded, dict):
        return encoded
    if encoded.keys() != {TYPE, VALUE}:
        # Results of other plugins are here as they are, whatever names there are in them.
        return {key: decode_value(part) for key, part in encoded.items()}
    name = encoded[TYPE]
    codec = BY_NAME.get(name)
    if codec is None and name in IN_LIBRARY:
        codec = importlib.import_module(IN_LIBRARY[name]).BY_NAME[name]
    if codec is None:
        raise ValueError(f"this version of python-task knows no values of the type {name!r}")
    return codec.decode(encoded[VALUE], decode_value)


def write(encoded: Any) -> str:
    """Return what `encode_value` made as text, as it will be counted."""
    return json.dumps(encoded, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _is_plain(value: Any) -> bool:
    """Tell whether JSON has such values, and everybody who reads them on their way takes them exactly."""
    kind = type(value)
    if kind is int:
        return value in EXACT_INT
    if kind is float:
        return abs(value) < EXACT_FLOAT_MAX and (value != 0 or math.copysign(1, value) > 0)
    return value is None or kind is bool or (kind is str and is_clean(value))


def _codec_of(value: Any) -> Codec:
    library = type(value).__module__.partition(".")[0]
    if library in LIBRARIES:
        found: Codec | None = importlib.import_module(LIBRARIES[library]).find_codec(value)
        if found is not None:
            return found
    raise refuse_type(value)


def _levels(encoded: Any) -> int:
    parts = encoded.values() if isinstance(encoded, dict) else encoded if isinstance(encoded, list) else None
    return 0 if parts is None else 1 + max(map(_levels, parts), default=0)
