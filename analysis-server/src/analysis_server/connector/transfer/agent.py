"""The agent on a cluster, as transfers need it: short questions, and commands that stand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from analysis_server.connector.ssh.errors import Unreachable
from analysis_server.connector.ssh.port import Channel, SharedConnection
from analysis_server.connector.transfer.errors import AgentBroken, TransferRefused

ASK_TIMEOUT_S: Final = 60.0
TOLD_BYTES: Final = 2_000
ENDED_WITHIN_S: Final = 5.0


class Agent(Protocol):
    """Asks the agent of one cluster. Safe to use from many threads."""

    @property
    def rtt_s(self) -> float:
        """Return how long the way there and back takes."""
        ...

    def ask(
        self, command: str, body: Mapping[str, Any], *, timeout_s: float = ASK_TIMEOUT_S
    ) -> dict[str, Any]:
        """Return what a command answers.

        Raises:
            TransferRefused: it is refused.
            AgentBroken: the command did not end as it should.
            SshError: it could not be asked.
        """
        ...

    def open_stream(self, command: str, *, window_bytes: int, is_extra: bool) -> Channel:
        """Begin a command that takes or sends much; an extra one only if there is room for it.

        Raises:
            SshError: it could not be begun.
        """
        ...


class AgentFile:
    """An `Agent` that starts the agent's file for each question."""

    def __init__(self, connection: SharedConnection, argv: Sequence[str]) -> None:
        """Take how it is started: `python3 agent.pyz --base DIR`."""
        self._connection, self._argv = connection, tuple(argv)

    @property
    def rtt_s(self) -> float:
        """Return how long the way there and back takes."""
        return self._connection.rtt_s

    def ask(
        self, command: str, body: Mapping[str, Any], *, timeout_s: float = ASK_TIMEOUT_S
    ) -> dict[str, Any]:
        """Return what a command answers."""
        stdin = json.dumps(body).encode()
        done = self._connection.run([*self._argv, command], stdin=stdin, timeout_s=timeout_s)
        if done.exit_code != 0:
            raise broken(command, done.stderr)
        return parse_answer(command, done.stdout)

    def open_stream(self, command: str, *, window_bytes: int, is_extra: bool) -> Channel:
        """Begin a command that takes or sends much."""
        argv = [*self._argv, command]
        return self._connection.open_stream(argv, window_bytes=window_bytes, is_extra=is_extra)


def parse_answer(command: str, line: bytes) -> dict[str, Any]:
    """Return an answer that was not refused.

    Raises:
        TransferRefused: it was.
        AgentBroken: it is no answer.
    """
    try:
        answer: dict[str, Any] = json.loads(line)
        refusal = answer.get("error")
    except (ValueError, AttributeError) as error:
        raise broken(command, line) from error
    if refusal:
        raise TransferRefused(refusal["kind"], refusal["message"])
    return answer


def ended(command: str, channel: Channel) -> AgentBroken | Unreachable:
    """Return how it is told that a standing command ended before its time.

    One that was killed, with its session or by a cluster short of memory, has said nothing and has no exit
    code: nothing is wrong with it, and the transfer goes on by another.

    Raises:
        Unreachable: the line to it broke.
    """
    try:
        was_killed = not channel.stderr and channel.wait(ENDED_WITHIN_S) is None
    except TimeoutError:
        was_killed = False
    if was_killed:
        return Unreachable(f"The agent on the cluster was killed during {command}.")
    return broken(command, channel.stderr)


def broken(command: str, said: bytes) -> AgentBroken:
    """Return how it is told that a command ended as it should not."""
    tail = said[-TOLD_BYTES:].decode(errors="replace").strip()
    return AgentBroken(f"The agent on the cluster broke off {command}: {tail or 'it said nothing'}")
