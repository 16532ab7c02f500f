"""How a plugin is told which attempt it is: in its input, where its schema says so.

Where a property of the input schema says `"format": "satellite-attempt"`, the worker writes the number of the
attempt, whatever a job has there. A variable would not do: what is on standby was started before it was known
which attempt would take it.
"""

from __future__ import annotations

from typing import Any, Final

from satellite.contracts.json_text import parse_json, write_json

ATTEMPT_FORMAT: Final = "satellite-attempt"


def with_attempt(input_json: bytes, input_schema: dict[str, Any], attempt: int) -> bytes:
    """Return an input with the number of an attempt in it, as it is if the schema asks for none."""
    names = _names(input_schema)
    text = input_json.strip()
    if not names or not text.startswith(b"{"):
        return input_json
    told = dict.fromkeys(names, attempt)
    if any(f'"{name}"'.encode() in text for name in names):
        # A name may be there already, or only look like it: that costs reading the whole.
        return write_json({**parse_json(text, bytes_max=None), **told}, bytes_max=None).encode()
    inside = text[1:-1].strip()
    return b"{%b%b%b" % (inside, b"," if inside else b"", write_json(told)[1:].encode())


def _names(input_schema: dict[str, Any]) -> list[str]:
    properties = input_schema.get("properties")
    if not isinstance(properties, dict):
        return []
    return [
        name
        for name, part in properties.items()
        if isinstance(part, dict) and part.get("format") == ATTEMPT_FORMAT
    ]
