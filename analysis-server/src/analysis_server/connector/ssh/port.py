"""The port of a cluster's command line: commands that end, and commands that stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

DEFAULT_WINDOW_BYTES: Final = 2 * 1024 * 1024
DEFAULT_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How a command ended; `exit_code` is None where a signal ended it."""

    exit_code: int | None
    stdout: bytes
    stderr: bytes


class Channel(Protocol):
    """The standing input and output of a command. One thread may write while another reads."""

    def write(self, data: bytes | memoryview) -> None:
        """Send bytes to its standard input.

        Raises:
            Unreachable: the line broke, or nothing of it was taken for a while.
            BrokenPipeError: the command has ended.
        """
        ...

    def read(self, size_max: int, timeout_s: float) -> bytes:
        """Return what has come of its standard output, as soon as there is some; nothing at its end.

        Raises:
            TimeoutError: nothing came in time; the channel stays usable.
            Unreachable: the line broke.
        """
        ...

    def read_line(self, timeout_s: float) -> bytes:
        """Return its next line without the line's end; nothing at the end of its output.

        Raises:
            TimeoutError: no whole line came in time; what has come of it is kept.
            AnswerTooLarge: the line has no end.
            Unreachable: the line broke.
        """
        ...

    def end_input(self) -> None:
        """Let the command see the end of its standard input."""
        ...

    def wait(self, timeout_s: float) -> int | None:
        """Return the exit code once the command has ended; None where a signal ended it.

        Raises:
            TimeoutError: it has not ended in time.
            Unreachable: the line broke.
        """
        ...

    @property
    def stderr(self) -> bytes:
        """Return the last of what it wrote to its standard error."""
        ...

    def close(self) -> None:
        """Give the channel back; the command sees its input end and its output closed. Safe to repeat."""
        ...


class Connection(Protocol):
    """Runs commands on a host. Safe to use from many threads."""

    def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Completed:
        """Run a command until it ends.

        Raises:
            Unreachable: the host cannot be reached, or the line broke: then it may have run or not.
            AuthRefused, HostKeyUnknown, HostKeyChanged: we are not let in, or must not go in.
            ChannelRefused: the host opens no session for it.
            CommandTimedOut: it did not end in time; its channel is closed, but it may still run.
            AnswerTooLarge: it wrote more than 64 MiB.
        """
        ...

    def open(self, argv: Sequence[str], *, window_bytes: int = DEFAULT_WINDOW_BYTES) -> Channel:
        """Begin a command that stands; `window_bytes` is how much it may send ahead of who reads.

        Raises:
            Unreachable, AuthRefused, HostKeyUnknown, HostKeyChanged, ChannelRefused: as `run`.
        """
        ...

    def close(self) -> None:
        """End it, and all commands that stand. Safe to repeat."""
        ...


class SharedConnection(Connection, Protocol):
    """A connection that many share, of whom some send much."""

    @property
    def rtt_s(self) -> float:
        """Return how long the way there and back takes; 0 as long as that is not known."""
        ...

    def open_stream(self, argv: Sequence[str], *, window_bytes: int, is_extra: bool) -> Channel:
        """Begin a command that sends or takes much, on the connection that has the fewest others.

        One session stays free for short commands. An extra one is begun only if there is room now.

        Raises:
            ChannelRefused: there is no room, or the host opens no session for it.
            Unreachable, AuthRefused, HostKeyUnknown, HostKeyChanged: as `run`.
        """
        ...
