"""Writes requests to a server's stdin without ever blocking."""

from __future__ import annotations

import contextlib
import os


class RequestWriter:
    """Writes at once what fits; the reading thread is woken to write the rest when there is room."""

    def __init__(self, descriptor: int) -> None:
        """Write to `descriptor`, which does not block."""
        self.descriptor = descriptor
        self.waker = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._rest = memoryview(b"")

    def send(self, data: bytes) -> None:
        """Begin to write; the caller holds the lock of the server."""
        self._rest = memoryview(bytes(self._rest) + data) if self._rest else memoryview(data)
        if self.write_some():
            self.wake()

    def write_some(self) -> bool:
        """Write what fits now; tell whether some is left.

        A server that no longer reads has ended, which its reader will notice.
        """
        try:
            while self._rest:
                self._rest = self._rest[os.write(self.descriptor, self._rest) :]
        except BlockingIOError:
            return True
        except OSError:
            self._rest = memoryview(b"")
        return False

    def wake(self) -> None:
        """Wake the reading thread."""
        with contextlib.suppress(BlockingIOError, OSError):
            os.eventfd_write(self.waker, 1)

    def woken(self) -> None:
        """Note that the reading thread is awake."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.waker)

    def close(self) -> None:
        """Release the waker."""
        os.close(self.waker)
