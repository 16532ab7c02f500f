"""What a plugin's pod writes: the numbered frames of `pod-entry`, see `analysis-server/pod-entry/main.go`.

A pod's log can be read again from its beginning, so that a stream that was cut is taken up by its numbers.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_FRAME: Final = re.compile(rb"(\d{1,18}) ([AOEX]) ([A-Za-z0-9+/=]*)")
_END: Final = re.compile(rb"(-?\d{1,10}) ([0-9a-f]{64}) (\d{1,10})")
STRAY_BYTES_MAX: Final = 4_096


class FramesMissing(ValueError):
    """The stream lacks frames, or what it says of itself is not so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesEnd:
    """What the last frame says."""

    exit_code: int
    oom: bool


class FrameReader:
    """Takes a stream of frames apart, in whatever pieces it comes and however often it begins anew."""

    def __init__(self, *, stdout: Callable[[bytes], None], stderr: Callable[[bytes], None]) -> None:
        """Remember where the two streams go."""
        self._stdout = stdout
        self._stderr = stderr
        self._sum = hashlib.sha256()
        self._partial = b""
        self._next = 0
        self.is_accepted = False
        """Whether the plugin's input has come."""
        self.end: FramesEnd | None = None
        self.stray = b""
        """The last that is no frame, such as what keeps `pod-entry` from running."""

    def feed(self, data: bytes) -> None:
        """Take the next piece.

        Raises:
            FramesMissing: frames were left out, or the output is not what its sum says.
        """
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._take(line)

    def restart(self) -> None:
        """Expect the stream from its beginning; what is known of it already is dropped."""
        self._partial = b""

    def _take(self, line: bytes) -> None:
        found = _FRAME.fullmatch(line)
        if found is None:
            self.stray = (self.stray + line + b"\n")[-STRAY_BYTES_MAX:]
            return
        number, kind = int(found[1]), found[2]
        if number < self._next:
            return
        if number > self._next:
            raise FramesMissing(f"frames {self._next} to {number - 1} are missing")
        self._next += 1
        data = base64.b64decode(found[3])
        if kind == b"O":
            self._sum.update(data)
            self._stdout(data)
        elif kind == b"E":
            self._stderr(data)
        elif kind == b"X":
            self.end = self._check(data)
        self.is_accepted = True

    def _check(self, data: bytes) -> FramesEnd:
        found = _END.fullmatch(data)
        if found is None or found[2].decode() != self._sum.hexdigest():
            raise FramesMissing("the output is not what its sum says")
        return FramesEnd(exit_code=int(found[1]), oom=int(found[3]) > 0)
