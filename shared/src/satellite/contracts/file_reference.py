"""How an input refers to a file, and how a schema says that it may.

Where the input schema of a plugin says `"format": "satellite-file"`, a job's input says
`{"$file": "<id>"}`, and the plugin finds a path in that place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from satellite.contracts.json_text import Path, json_pointer

FILE_FORMAT: Final = "satellite-file"
FILE_KEY: Final = "$file"


def takes_files(schema: dict[str, Any]) -> bool:
    """Tell whether a schema speaks of files; iterative, so that no depth hurts."""
    return any(isinstance(part, dict) and part.get("format") == FILE_FORMAT for _, part in _parts(schema))


def find_references(value: Any) -> dict[str, list[str]]:
    """Return the ids of the files that an input refers to, each with the JSON pointers of its places.

    Only for the input of a plugin that takes files: elsewhere such an object is an object like any other.
    """
    found: dict[str, list[str]] = {}
    for path, part in _parts(value):
        if isinstance(part, dict) and part.keys() == {FILE_KEY} and isinstance(part[FILE_KEY], str):
            found.setdefault(part[FILE_KEY], []).append(json_pointer(path))
    return found


def with_value(document: Any, pointer: str, value: Any) -> Any:
    """Return a document with a value in the place of a JSON pointer; what is around it is changed in place.

    Raises:
        LookupError, ValueError: there is no such place.
    """
    if not pointer:
        return value
    *above, last = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    part = document
    for step in above:
        part = part[int(step)] if isinstance(part, list) else part[step]
    part[int(last) if isinstance(part, list) else last] = value
    return document


def _parts(value: Any) -> Iterator[tuple[Path, Any]]:
    waiting: list[tuple[Path, Any]] = [((), value)]
    while waiting:
        path, part = waiting.pop()
        yield path, part
        if isinstance(part, dict):
            waiting.extend(((*path, key), child) for key, child in reversed(part.items()))
        elif isinstance(part, list):
            waiting.extend(((*path, index), child) for index, child in reversed(list(enumerate(part))))
