"""The engine's attach stream: stdout and stderr in one stream of frames with 8-byte headers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

HEADER_BYTES: Final = 8
STDERR: Final = 2


class FrameDemultiplexer:
    """Splits an attach stream into stdout and stderr, whatever pieces it arrives in."""

    def __init__(self, *, stdout: Callable[[bytes], None], stderr: Callable[[bytes], None]) -> None:
        """Remember where the two streams go."""
        self._stdout = stdout
        self._stderr = stderr
        self._header = bytearray()
        self._left = 0
        self._sink = stdout
        self.frames = 0
        """How many have begun."""

    def feed(self, data: bytes) -> None:
        """Take the next piece of the stream; payload is passed on at once, also of unfinished frames."""
        view = memoryview(data)
        while view:
            if self._left:
                piece, view = view[: self._left], view[self._left :]
                self._left -= len(piece)
                self._sink(bytes(piece))
                continue
            missing = HEADER_BYTES - len(self._header)
            self._header += view[:missing]
            view = view[missing:]
            if len(self._header) == HEADER_BYTES:
                self._sink = self._stderr if self._header[0] == STDERR else self._stdout
                self._left = int.from_bytes(self._header[4:])
                self.frames += 1
                self._header.clear()
