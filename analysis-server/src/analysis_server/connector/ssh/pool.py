"""A few connections to one host, shared by all who ask it: the port of a cluster that stands."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from analysis_server.connector.ssh.errors import ChannelRefused, SshError
from analysis_server.connector.ssh.pooled_channel import PooledChannel
from analysis_server.connector.ssh.port import (
    DEFAULT_TIMEOUT_S,
    DEFAULT_WINDOW_BYTES,
    Channel,
    Completed,
)
from analysis_server.connector.ssh.seats import Line, LiveConnection, Seats, Wish

CONNECTIONS_MAX: Final = 3
SESSIONS_MAX: Final = 3
"""Of each connection: OpenSSH allows 10 by default, and administrators less."""
SEAT_WAIT_S: Final = 60.0
REFUSED_MAX_S: Final = 5.0
"""A host counts a session until its command has ended, which may be later than we closed it."""
ASK_AGAIN_S: Final = 0.1

SHORT: Final = Wish()
STREAM: Final = Wish(is_apart=True, leaves=1)
EXTRA_STREAM: Final = Wish(is_apart=True, leaves=1, waits=False)

Result = TypeVar("Result")


class ConnectionPool:
    """A `Connection` of several, which are made when they are needed and again when they broke.

    A host that cannot be reached is dialled again after 1 to 60 s, when somebody asks next: whoever asks
    before is told at once. One that refuses us, or shows another key, is never dialled again by this pool.
    """

    def __init__(
        self,
        connect: Callable[[], LiveConnection],
        *,
        connections_max: int = CONNECTIONS_MAX,
        sessions_max: int = SESSIONS_MAX,
    ) -> None:
        """Connect to nothing yet."""
        self._seats = Seats(connect, connections_max=connections_max, sessions_max=sessions_max)
        self.sessions_max = connections_max * sessions_max

    @property
    def connections(self) -> int:
        """Return how many connections stand: `cluster_connections_active`."""
        return self._seats.connections

    @property
    def failure(self) -> SshError | None:
        """Return why the host could not be reached the last time; None if it could."""
        return self._seats.failure

    def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Completed:
        """Run a command until it ends."""
        return self._on_a_line(lambda line: self._run(line, argv, stdin, timeout_s), SHORT)

    @property
    def rtt_s(self) -> float:
        """Return how long the way there and back takes at best; 0 as long as that is not known."""
        return self._seats.rtt_s

    def open(self, argv: Sequence[str], *, window_bytes: int = DEFAULT_WINDOW_BYTES) -> Channel:
        """Begin a command that stands."""
        return self._on_a_line(lambda line: self._open(line, argv, window_bytes), SHORT)

    def open_stream(self, argv: Sequence[str], *, window_bytes: int, is_extra: bool) -> Channel:
        """Begin a command that sends or takes much."""
        wish = EXTRA_STREAM if is_extra else STREAM
        return self._on_a_line(lambda line: self._open(line, argv, window_bytes), wish)

    def close(self) -> None:
        """End all connections."""
        self._seats.close()

    def _run(self, line: Line, argv: Sequence[str], stdin: bytes, timeout_s: float) -> Completed:
        try:
            return line.connection.run(argv, stdin=stdin, timeout_s=timeout_s)
        finally:
            self._seats.leave(line)

    def _open(self, line: Line, argv: Sequence[str], window_bytes: int) -> Channel:
        try:
            channel = line.connection.open(argv, window_bytes=window_bytes)
        except BaseException:
            self._seats.leave(line)
            raise
        return PooledChannel(channel, lambda: self._seats.leave(line))

    def _on_a_line(self, use: Callable[[Line], Result], wish: Wish) -> Result:
        until_s = time.monotonic() + (SEAT_WAIT_S if wish.waits else 0)
        refused_until_s = None
        while True:
            line = self._seats.take(wish, until_s=until_s)
            try:
                return use(line)
            except ChannelRefused:
                now_s = time.monotonic()
                refused_until_s = refused_until_s or now_s + REFUSED_MAX_S
                if not self._seats.narrow(line) and (now_s > refused_until_s or not wish.waits):
                    raise
                time.sleep(ASK_AGAIN_S)
