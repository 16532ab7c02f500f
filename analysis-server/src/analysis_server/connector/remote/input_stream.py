"""Standard input as lines and bytes in turn, without more in memory than a pipe holds."""

import os

PIECE_BYTES = 1 << 18
LINE_BYTES_MAX = 1 << 16


class InputStream:
    """What comes by a descriptor."""

    def __init__(self, fd: int) -> None:
        """Read nothing yet."""
        self._fd = fd
        self._ahead = b""

    def line(self) -> bytes:
        """Return the next line without its end; nothing at the end, or where the last one was cut off."""
        while b"\n" not in self._ahead:
            more = os.read(self._fd, PIECE_BYTES)
            if not more or len(self._ahead) > LINE_BYTES_MAX:
                return b""
            self._ahead += more
        line, _, self._ahead = self._ahead.partition(b"\n")
        return line

    def piece(self, size_max: int) -> bytes:
        """Return some of the next bytes; nothing at the end."""
        if not self._ahead:
            return os.read(self._fd, min(size_max, PIECE_BYTES))
        piece, self._ahead = self._ahead[:size_max], self._ahead[size_max:]
        return piece
