"""The input and output of a command by a channel of paramiko."""

from __future__ import annotations

import contextlib
import time
from typing import Final

import paramiko

from analysis_server.connector.ssh.errors import AnswerTooLarge, Unreachable

STALLED_MAX_S: Final = 60.0
"""So long a command may take nothing of what is written to it."""
STDERR_BYTES_MAX: Final = 64 * 1024
LINE_BYTES_MAX: Final = 64 * 1024 * 1024
LOOK_AGAIN_S: Final = 0.2
DIED_WITHIN_S: Final = 1.0
PIECE_BYTES: Final = 1024 * 1024
PACKET_BYTES: Final = 32 * 1024
"""What OpenSSH takes in one."""
BROKEN: Final = (OSError, EOFError, paramiko.SSHException)
"""What the library raises where a line broke or a channel is closed."""


class ParamikoChannel:
    """A command that stands."""

    def __init__(self, channel: paramiko.Channel, host: str) -> None:
        """Take a channel whose command has begun."""
        self._channel, self._host = channel, host
        self._ahead = bytearray()
        self._searched = 0
        self._stderr = bytearray()
        # For both directions: a read and a write look again after it, and know their own deadlines.
        channel.settimeout(LOOK_AGAIN_S)

    def write(self, data: bytes | memoryview) -> None:
        """Send bytes to its standard input."""
        view = memoryview(data)
        took_s = time.monotonic()
        while view:
            try:
                view = view[self._channel.send(bytes(view[:PACKET_BYTES])) :]
                took_s = time.monotonic()
            except TimeoutError as error:
                if time.monotonic() - took_s > STALLED_MAX_S:
                    raise Unreachable(f"{self._host} takes nothing any more.") from error
            except BROKEN as error:
                self._raise_if_broken(error)
                raise BrokenPipeError("The command has ended and reads no more.") from error

    def read(self, size_max: int, timeout_s: float) -> bytes:
        """Return what has come of its standard output."""
        if self._ahead:
            piece = bytes(self._ahead[:size_max])
            del self._ahead[:size_max]
            self._searched = 0
            return piece
        return self._receive(size_max, timeout_s)

    def read_line(self, timeout_s: float) -> bytes:
        """Return its next line."""
        until_s = time.monotonic() + timeout_s
        while (end := self._ahead.find(b"\n", self._searched)) < 0:
            self._searched = len(self._ahead)
            if self._searched > LINE_BYTES_MAX:
                raise AnswerTooLarge(f"A line from {self._host} has no end.")
            piece = self._receive(PIECE_BYTES, until_s - time.monotonic())
            if not piece:
                end = len(self._ahead)
                break
            self._ahead += piece
        line = bytes(self._ahead[:end])
        del self._ahead[: end + 1]
        self._searched = 0
        return line

    def end_input(self) -> None:
        """Let the command see the end of its input."""
        try:
            self._channel.shutdown_write()
        except BROKEN as error:
            self._raise_if_broken(error)

    def wait(self, timeout_s: float) -> int | None:
        """Return the exit code once the command has ended."""
        until_s = time.monotonic() + timeout_s
        while not self._channel.status_event.wait(LOOK_AGAIN_S):
            self._take_stderr()
            if time.monotonic() > until_s:
                raise TimeoutError
        self._take_stderr()
        code = self._channel.exit_status
        if code < 0:
            # By a signal, or not known, because the line broke; the transport says so a moment later.
            self._channel.get_transport().join(DIED_WITHIN_S)
            self._raise_if_broken(None)
        return code if code >= 0 else None

    @property
    def stderr(self) -> bytes:
        """Return the last of its standard error."""
        self._take_stderr()
        return bytes(self._stderr)

    def close(self) -> None:
        """Give it back."""
        with contextlib.suppress(*BROKEN):
            self._channel.close()

    def _receive(self, size_max: int, timeout_s: float) -> bytes:
        until_s = time.monotonic() + timeout_s
        while True:
            try:
                data = self._channel.recv(size_max)
            except TimeoutError:
                # What it says meanwhile must not fill the window that both outputs share.
                self._take_stderr()
                if time.monotonic() >= until_s:
                    raise
                continue
            except BROKEN as error:
                # Reading also makes room, of which the host is told.
                raise Unreachable(f"The line to {self._host} broke.") from error
            if not data and not self._channel.eof_received:
                raise Unreachable(f"The line to {self._host} broke.")
            return data

    def _take_stderr(self) -> None:
        with contextlib.suppress(*BROKEN):
            while self._channel.recv_stderr_ready():
                self._stderr += self._channel.recv_stderr(STDERR_BYTES_MAX)
                del self._stderr[:-STDERR_BYTES_MAX]

    def _raise_if_broken(self, cause: BaseException | None) -> None:
        # Whoever ends a command says so first: a channel that is closed without that was closed by a line
        # that broke, which the transport itself may know a moment later.
        is_cut = self._channel.closed and not self._channel.eof_received
        if is_cut or not self._channel.get_transport().is_active():
            raise Unreachable(f"The line to {self._host} broke.") from cause
