"""How JSON crosses the border between a plugin and Satellite: one value, on one line."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

from satellite.plugin.errors import InputRefused, OutputUnfit


def decode(text: bytes | str) -> Any:
    """Return the JSON value in `text`.

    Raises:
        InputRefused: it is not one JSON value.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputRefused(f"the input is not one JSON value: {error}") from None


def encode(value: Any) -> str:
    """Return `value` as JSON text without a line break.

    Dataclasses, pydantic models, enums, dates and numpy values are written as what they hold.

    Raises:
        OutputUnfit: it holds something that JSON cannot express (NaN and infinity included).
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
        text.encode()
    except Exception as error:
        # Any type: writing a result may run the author's own code, such as a pydantic serializer.
        raise OutputUnfit(f"the result cannot be written as JSON: {error}") from error
    return text


def _plain(value: Any) -> Any:
    """Return a plain value for one that `json` does not know."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, type):
        raise TypeError(f"the class {value.__name__} is not a JSON value")
    # The rest is found by its marks: pydantic and numpy may be absent from the plugin's image, and an
    # import of dataclasses or datetime would slow down the start of every plugin.
    if hasattr(value, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
