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

    Dataclasses, pydantic models, enums (also as keys), dates and numpy values are written as what they hold.

    Raises:
        OutputUnfit: it holds something that JSON cannot express (NaN and infinity included).
    """
    try:
        try:
            text = _dump(value)
        except TypeError:
            # Of keys `json` asks nobody. Only a result that needs it is looked through for them.
            text = _dump(_with_plain_keys(value))
        text.encode()
    except Exception as error:
        # Any type: writing a result may run the author's own code, such as a pydantic serializer.
        raise OutputUnfit(f"the result cannot be written as JSON: {error}") from error
    return text


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)


def _with_plain_keys(value: Any) -> Any:
    """Return `value` with the enums that are keys in it, and all that holds them, as plain values."""
    if isinstance(value, dict):
        return {
            key.value if isinstance(key, Enum) else key: _with_plain_keys(part) for key, part in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_with_plain_keys(part) for part in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    return _with_plain_keys(_plain(value))


def _plain(value: Any) -> Any:
    """Return a plain value for one that `json` does not know."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, type):
        raise TypeError(f"the class {value.__name__} is not a JSON value")
    # The rest is found by its marks: pydantic and numpy may be absent from the plugin's image, and an
    # import of dataclasses or datetime would slow down the start of every plugin.
    if hasattr(value, "__dataclass_fields__"):
        import dataclasses  # noqa: PLC0415 - whoever has such a value has imported it already.

        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
