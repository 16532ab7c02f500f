"""Gives out text in whole lines, in bounded memory."""

from __future__ import annotations

LINE_BYTES_MAX = 64 * 1024


class PartialLine:
    """Holds back the beginning of a line until the rest comes, or it is too long to wait for."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Take the next piece; return what is complete now."""
        data = self._held + data
        cut = data.rfind(b"\n") + 1
        if len(data) - cut > LINE_BYTES_MAX:
            cut = len(data)
        self._held = data[cut:]
        return data[:cut]

    def rest(self) -> bytes:
        """Return what is held back, because no more will come."""
        held, self._held = self._held, b""
        return held
