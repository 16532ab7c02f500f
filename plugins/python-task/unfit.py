"""What cannot travel between steps, and what to do instead."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

INLINE_BYTES_MAX = 262_144
"""A larger value becomes a file."""
VALUE_BYTES_MAX = 67_108_864
VALUE_PARTS_MAX = 4_000_000
"""Of lists and objects, each with all that is in it: it is what makes a value costly to write."""
VALUE_LEVELS_MAX = 100
STEP_BYTES_MAX = 1_000_000
"""Of what a step answers; what is more becomes files."""
PATH_SHOWN = 6

ADVICE = (
    "push what describes it as numbers, texts, arrays or tables, or write it to a file in "
    "$SATELLITE_OUTPUT_DIR, which becomes an artifact of the job"
)


class ValueUnfit(Exception):
    """A value, or a part of it, cannot travel."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._path: list[str] = []

    def inside(self, key: Any) -> ValueUnfit:
        """Return the same fault, seen from the value that holds the part under `key`."""
        self._path.insert(0, str(key)[:40])
        return self

    def told(self) -> str:
        """Return what is wrong, behind the path of where it is."""
        if not self._path:
            return str(self)
        more = "/…" if len(self._path) > PATH_SHOWN else ""
        return f"at {'/'.join(self._path[:PATH_SHOWN])}{more}: {self}"


class TooLarge(Exception):
    """A value has more bytes or parts than may travel."""


def refuse_type(value: Any) -> ValueUnfit:
    """Return the fault of a value of a type that does not travel."""
    name = type(value).__name__
    article = "an" if name[:1].lower() in {"a", "e", "i", "o", "u"} else "a"
    return ValueUnfit(f"{article} {name} cannot travel between steps; {_advice(value)}")


def _advice(value: Any) -> str:
    if isinstance(value, Enum):
        return "push its `value`"
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        return "push `dataclasses.asdict` of it"
    for kind in (dict, list, tuple, str, int, float):
        if isinstance(value, kind):
            return f"push `{kind.__name__}(…)` of it"
    if isinstance(value, (bytearray, memoryview)):
        return "push `bytes(…)` of it"
    if isinstance(value, Iterator) or type(value).__name__ in {
        "dict_keys",
        "dict_values",
        "dict_items",
        "range",
    }:
        return "push `list(…)` of it"
    return ADVICE
