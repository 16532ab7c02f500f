"""Who sits on which connection: sessions are counted, connections are made when all seats are taken."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from analysis_server.connector.ssh.backoff import Backoff
from analysis_server.connector.ssh.errors import (
    AuthRefused,
    ChannelRefused,
    HostKeyChanged,
    HostKeyUnknown,
    KeyUnusable,
    SshError,
    Unreachable,
)
from analysis_server.connector.ssh.port import Connection

LOOK_EVERY_S: Final = 0.5
FOR_GOOD: Final = (AuthRefused, HostKeyUnknown, HostKeyChanged, KeyUnusable)
"""What does not pass by itself."""

logger = structlog.get_logger(__name__)


class LiveConnection(Connection, Protocol):
    """A connection that tells whether its line still stands."""

    @property
    def is_alive(self) -> bool:
        """Tell whether the line still stands, as far as it is known."""
        ...

    @property
    def rtt_s(self) -> float:
        """Return how long the way there and back takes; 0 as long as that is not known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a session is wished for."""

    is_apart: bool = False
    """Rather on another connection than beside others."""
    leaves: int = 0
    """How many must stay free for others."""
    waits: bool = True
    """Whether it waits until there is room."""


@dataclass(eq=False, slots=True)
class Line:
    """A connection, how many sessions it may have, and how many it has."""

    connection: LiveConnection
    sessions_max: int
    sessions: int = 0


class Seats:
    """Sessions on a few connections. Safe to use from many threads."""

    def __init__(
        self, connect: Callable[[], LiveConnection], *, connections_max: int, sessions_max: int
    ) -> None:
        """Connect to nothing yet."""
        self._connect = connect
        self._connections_max, self._sessions_max = connections_max, sessions_max
        self._lines: list[Line] = []
        self._changed = threading.Condition()
        self._backoff = Backoff()
        self._is_dialling = self._is_closed = False
        self.failure: SshError | None = None
        """Why the host could not be reached the last time; None if it could."""

    @property
    def connections(self) -> int:
        """Return how many connections stand."""
        with self._changed:
            return sum(line.connection.is_alive for line in self._lines)

    @property
    def rtt_s(self) -> float:
        """Return how long the way there and back takes at best; 0 as long as that is not known."""
        with self._changed:
            return min((line.connection.rtt_s for line in self._lines), default=0.0)

    def take(self, wish: Wish, *, until_s: float) -> Line:
        """Return a connection with a seat on it, which `leave` gives back.

        Raises:
            SshError: the host cannot be reached, or could not lately.
            ChannelRefused: all seats are taken, and none becomes free in time.
        """
        while True:
            with self._changed:
                line = self._find(wish)
                if line is not None:
                    line.sessions += 1
                    return line
                if not self._may_dial() or not self._leaves_enough(wish):
                    self._wait(until_s)
                    continue
                self._is_dialling = True
            self._dial()

    def leave(self, line: Line) -> None:
        """Give a seat back."""
        with self._changed:
            line.sessions -= 1
            self._changed.notify_all()

    def narrow(self, line: Line) -> bool:
        """Note that the host allows no more sessions than a connection has now; False if it has none."""
        with self._changed:
            if line.sessions:
                line.sessions_max = min(line.sessions_max, line.sessions)
            return line.sessions > 0

    def close(self) -> None:
        """End all connections."""
        with self._changed:
            self._is_closed = True
            lines, self._lines = self._lines, []
            self._changed.notify_all()
        for line in lines:
            line.connection.close()

    def _find(self, wish: Wish) -> Line | None:
        if self._is_closed:
            raise Unreachable("The connections to this cluster were closed.")
        self._lines = [line for line in self._lines if line.connection.is_alive]
        if not self._leaves_enough(wish):
            return None
        if wish.is_apart and self._may_dial() and all(line.sessions for line in self._lines):
            return None
        free = [line for line in self._lines if line.sessions < line.sessions_max]
        return min(free, key=lambda line: line.sessions, default=None)

    def _leaves_enough(self, wish: Wish) -> bool:
        unmade = self._connections_max - len(self._lines)
        narrowest = min((line.sessions_max for line in self._lines), default=self._sessions_max)
        free = sum(line.sessions_max - line.sessions for line in self._lines) + unmade * narrowest
        return free > wish.leaves

    def _may_dial(self) -> bool:
        has_place = len(self._lines) < self._connections_max
        return has_place and not self._is_dialling and not self._backoff.left_s

    def _wait(self, until_s: float) -> None:
        if self.failure is not None and not self._lines and not self._is_dialling:
            # The same error is raised again and again: it must not grow.
            raise self.failure.with_traceback(None)
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            raise ChannelRefused("All sessions that this cluster allows are in use.")
        # A connection that breaks, or may be made again, tells nobody.
        self._changed.wait(min(left_s, LOOK_EVERY_S))

    def _dial(self) -> None:
        try:
            connection = self._connect()
        except SshError as error:
            self._end_dial(error)
            logger.warning("a cluster cannot be reached", error=str(error), kind=type(error).__name__)
            return
        except BaseException:
            self._end_dial(None)
            raise
        with self._changed:
            if self._is_closed:
                connection.close()
            self._lines.append(Line(connection, self._sessions_max))
            self._backoff.note_success()
        self._end_dial(None)

    def _end_dial(self, failure: SshError | None) -> None:
        with self._changed:
            self._is_dialling, self.failure = False, failure
            if isinstance(failure, FOR_GOOD):
                self._backoff.stop()
            elif failure is not None:
                self._backoff.note_failure()
            self._changed.notify_all()
