"""Splits stdout into lines in bounded memory."""

from __future__ import annotations


class LineSplitter:
    """Collects what comes in pieces of any size and gives it out line by line."""

    def __init__(self) -> None:
        """Begin with an empty line."""
        self._partial = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next piece; return the lines that are complete now, without their line breaks."""
        if b"\n" not in data:
            self._partial += data
            return []
        *lines, rest = data.split(b"\n")
        lines[0] = bytes(self._partial) + lines[0]
        self._partial = bytearray(rest)
        return lines

    @property
    def unfinished(self) -> bytearray:
        """Return the beginning of the line that is not complete."""
        return self._partial
