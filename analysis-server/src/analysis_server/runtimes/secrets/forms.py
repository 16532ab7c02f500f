"""The forms in which a plugin may write a secret: as it is, or as programs usually encode it.

What is compressed, reversed, encrypted or put together from pieces is not recognised; nothing could.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

SHORTEST: Final = 8
"""Characters. What is shorter is found in texts that have nothing to do with it."""

_ESCAPE: Final = re.compile(r"%[0-9A-F]{2}")
_LEFT_BY_JAVASCRIPT: Final = "!'()*~"
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_UNKNOWN_FIRST: Final = (0, 2, 3)
"""How many characters of base64 tell of the 0, 1 or 2 bytes in front as well."""


def forms_of(values: Iterable[str]) -> list[bytes]:
    """Return all forms of some secrets, the longest first; none of those that are too short."""
    forms = {form for value in values for form in _forms(value.strip())}
    return sorted(forms, key=lambda form: (-len(form), form))


def _forms(value: str) -> Iterator[bytes]:
    if len(value) < SHORTEST:
        return
    data = value.encode()
    yield data
    yield from (text.encode() for text in _texts(value))
    yield data.hex().encode()
    yield data.hex().upper().encode()
    yield from _base64(data)
    yield from (line.encode() for line in map(str.strip, value.splitlines()) if len(line) >= SHORTEST)


def _texts(value: str) -> Iterator[str]:
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
    for escaped in (
        quote(value),
        quote(value, safe=""),
        quote(value, safe=_LEFT_BY_JAVASCRIPT),
        quote_plus(value),
    ):
        yield escaped
        yield _ESCAPE.sub(lambda found: found[0].lower(), escaped)


def _base64(data: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of the data wherever it stands in what is encoded, in both alphabets."""
    for before, unknown in enumerate(_UNKNOWN_FIRST):
        encoded = base64.b64encode(bytes(before) + data).rstrip(b"=")
        # The last character of an incomplete group tells of what comes next, too.
        known = encoded[unknown : -1 if (before + len(data)) % 3 else None]
        yield known
        yield known.translate(_URL_SAFE)
