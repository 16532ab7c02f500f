"""How JSON crosses the border between a plugin and Satellite: one value, on one line."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime
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
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    # Found by their methods, so that neither pydantic nor numpy need be in the plugin's image.
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
