"""The part of a file that a request asks for, as RFC 9110 says."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from operation_server.files.errors import RangeUnsatisfiable

ONE_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Part(NamedTuple):
    """The bytes from `start` to before `end`."""

    start: int
    end: int


def parse_range(header: str | None, size_bytes: int) -> Part | None:
    """Return the part that a `Range` asks for; None for the whole file, also when it is none we understand.

    Raises:
        RangeUnsatisfiable: there is nothing at that place.
    """
    found = ONE_RANGE.fullmatch(header.strip()) if header else None
    if found is None or not (found[1] or found[2]):
        return None
    if found[1]:
        start, end = int(found[1]), int(found[2]) + 1 if found[2] else size_bytes
        if found[2] and end <= start:
            return None
    else:
        start, end = max(0, size_bytes - int(found[2])), size_bytes
    if start >= size_bytes:
        raise RangeUnsatisfiable(size_bytes)
    return Part(start, min(end, size_bytes))
