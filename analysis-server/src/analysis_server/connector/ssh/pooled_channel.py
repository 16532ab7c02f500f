"""A channel that gives back its seat on a connection when it is closed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from analysis_server.connector.ssh.port import Channel


class PooledChannel:
    """A `Channel` of a pool."""

    def __init__(self, channel: Channel, leave: Callable[[], None]) -> None:
        """Take a channel and what gives back its seat."""
        self._channel, self._leave = channel, leave
        self._once = threading.Lock()

    def write(self, data: bytes | memoryview) -> None:
        """Send bytes to its standard input."""
        self._channel.write(data)

    def read(self, size_max: int, timeout_s: float) -> bytes:
        """Return what has come of its standard output."""
        return self._channel.read(size_max, timeout_s)

    def read_line(self, timeout_s: float) -> bytes:
        """Return its next line."""
        return self._channel.read_line(timeout_s)

    def end_input(self) -> None:
        """Let the command see the end of its input."""
        self._channel.end_input()

    def wait(self, timeout_s: float) -> int | None:
        """Return the exit code once the command has ended."""
        return self._channel.wait(timeout_s)

    @property
    def stderr(self) -> bytes:
        """Return the last of its standard error."""
        return self._channel.stderr

    def close(self) -> None:
        """Close it, and give back its seat once."""
        self._channel.close()
        # Never released: the seat is given back by whoever comes first.
        if self._once.acquire(blocking=False):
            self._leave()
