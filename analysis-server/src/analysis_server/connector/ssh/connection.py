"""A connection by paramiko."""

from __future__ import annotations

import shlex
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

import paramiko
from paramiko import ChannelException, SSHException

from analysis_server.connector.ssh.address import Destination
from analysis_server.connector.ssh.channel import ParamikoChannel
from analysis_server.connector.ssh.errors import (
    AnswerTooLarge,
    ChannelRefused,
    CommandTimedOut,
    Unreachable,
)
from analysis_server.connector.ssh.line_watch import LineWatch
from analysis_server.connector.ssh.login import Login, log_in
from analysis_server.connector.ssh.port import DEFAULT_TIMEOUT_S, DEFAULT_WINDOW_BYTES, Completed

OPEN_TIMEOUT_S: Final = 15.0
RTTS_KEPT: Final = 8
OUTPUT_BYTES_MAX: Final = 64 * 1024 * 1024
WRITTEN_AT_ONCE_BYTES: Final = 64 * 1024
PACKET_BYTES: Final = 128 * 1024
"""What a packet from the host may carry; the 32 KiB of the default cost us more than the host."""


def connect(destination: Destination) -> ParamikoConnection:
    """Return a connection to a host.

    Raises:
        Unreachable, AuthRefused, HostKeyUnknown, HostKeyChanged, KeyUnusable: as `log_in`.
    """
    return ParamikoConnection(log_in(destination))


def command_text(argv: Sequence[str]) -> bytes:
    """Return the command line of which the host's shell makes this argv again; nothing else quotes."""
    return shlex.join(argv).encode(errors="surrogateescape")


class ParamikoConnection:
    """One connection; as many sessions at once as the host allows."""

    def __init__(self, login: Login) -> None:
        """Take a transport by which we are let in."""
        self._login, self._host = login, login.host
        self._rtts_s: deque[float] = deque(maxlen=RTTS_KEPT)
        self._watch = LineWatch(login.transport, login.line, self.close)

    @property
    def is_alive(self) -> bool:
        """Tell whether the line still stands, as far as it is known."""
        return self._login.transport.is_active()

    @property
    def rtt_s(self) -> float:
        """Return how long the way there and back takes at best; 0 as long as that is not known."""
        return min(self._rtts_s, default=0.0)

    def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Completed:
        """Run a command until it ends."""
        until_s = time.monotonic() + timeout_s
        channel = self.open(argv)
        try:
            _send(channel, stdin)
            stdout = _read_all(channel, until_s)
            code = channel.wait(until_s - time.monotonic())
            return Completed(exit_code=code, stdout=stdout, stderr=channel.stderr)
        except TimeoutError as error:
            message = f"{argv[0]} on {self._host} did not end within {timeout_s:g} s."
            raise CommandTimedOut(message) from error
        finally:
            channel.close()

    def open(self, argv: Sequence[str], *, window_bytes: int = DEFAULT_WINDOW_BYTES) -> ParamikoChannel:
        """Begin a command that stands."""
        try:
            # The library waits without a deadline for the answer to a command.
            with self._watch.deadline(OPEN_TIMEOUT_S):
                channel = self._session(window_bytes)
                channel.exec_command(command_text(argv))
        except ChannelException as error:
            raise ChannelRefused(f"{self._host} opens no further session: {error.text}") from error
        except (SSHException, EOFError, OSError) as error:
            if self.is_alive:
                raise ChannelRefused(f"{self._host} runs no command for us: {error}") from error
            raise Unreachable(f"The line to {self._host} broke: {error or 'it hung up'}") from error
        return ParamikoChannel(channel, self._host)

    def close(self) -> None:
        """End it."""
        self._login.close()

    def _session(self, window_bytes: int) -> paramiko.Channel:
        asked_s = time.monotonic()
        channel = self._login.transport.open_channel(
            "session", window_size=window_bytes, max_packet_size=PACKET_BYTES, timeout=2 * OPEN_TIMEOUT_S
        )
        self._rtts_s.append(time.monotonic() - asked_s)
        return channel


def _send(channel: ParamikoChannel, stdin: bytes) -> None:
    # A command that answers before it has read everything must not wait for us while we wait for it.
    if len(stdin) > WRITTEN_AT_ONCE_BYTES:
        threading.Thread(target=_write_all, args=(channel, stdin), name="ssh-stdin", daemon=True).start()
    else:
        _write_all(channel, stdin)


def _write_all(channel: ParamikoChannel, stdin: bytes) -> None:
    try:
        channel.write(stdin)
        channel.end_input()
    except (BrokenPipeError, Unreachable):
        # Who reads its output is told, and more exactly.
        return


def _read_all(channel: ParamikoChannel, until_s: float) -> bytes:
    output = bytearray()
    while piece := channel.read(PACKET_BYTES * 8, until_s - time.monotonic()):
        output += piece
        if len(output) > OUTPUT_BYTES_MAX:
            raise AnswerTooLarge("The command wrote more than 64 MiB.")
    return bytes(output)
