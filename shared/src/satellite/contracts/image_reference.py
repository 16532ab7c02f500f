"""Which names of images an engine can look for at all."""

from __future__ import annotations

import re
from typing import Final

NAME_CHARS_MAX: Final = 255

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?P<name>(?:{_HOST}(?::[0-9]+)?/)?{_PART}(?:/{_PART})*)"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
    r"(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?"
)

WANTED: Final = "an image is named as `docker pull` takes it, like registry.example:5000/team/plugin:1.0"


def is_image_reference(text: str) -> bool:
    """Tell whether `text` has the form of an image's name, with or without tag and digest, or of its id."""
    found = _REFERENCE.fullmatch(text)
    return found is not None and len(found["name"]) <= NAME_CHARS_MAX
