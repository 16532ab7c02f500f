"""How an input refers to a file, and how a schema says that it may.

Where the input schema of a plugin says `"format": "satellite-file"`, a job's input says
`{"$file": "<id>"}`, and the plugin finds a path in that place. A server, which works for many jobs and sees
the files of none, finds the file itself there, in base64; its schema says so by
`"contentEncoding": "base64"`, and a job may as well say the text itself there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from satellite.contracts.json_text import Path, json_pointer

FILE_FORMAT: Final = "satellite-file"
FILE_KEY: Final = "$file"
CONTENT_KEY: Final = "contentEncoding"
CONTENT_ENCODING: Final = "base64"


def takes_files(schema: dict[str, Any]) -> bool:
    """Tell whether a schema speaks of files; iterative, so that no depth hurts."""
    return any(_is_file(part) for _, part in _parts(schema))


def takes_paths(schema: dict[str, Any]) -> bool:
    """Tell whether a schema speaks of files that are no content."""
    return any(_is_file(part) and not is_content(part) for _, part in _parts(schema))


def is_content(place: dict[str, Any]) -> bool:
    """Tell whether the schema of a place of a file says that the file itself is found there."""
    return place.get(CONTENT_KEY) == CONTENT_ENCODING


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


def _is_file(part: Any) -> bool:
    return isinstance(part, dict) and part.get("format") == FILE_FORMAT


def _parts(value: Any) -> Iterator[tuple[Path, Any]]:
    waiting: list[tuple[Path, Any]] = [((), value)]
    while waiting:
        path, part = waiting.pop()
        yield path, part
        if isinstance(part, dict):
            waiting.extend(((*path, key), child) for key, child in reversed(part.items()))
        elif isinstance(part, list):
            waiting.extend(((*path, index), child) for index, child in reversed(list(enumerate(part))))
