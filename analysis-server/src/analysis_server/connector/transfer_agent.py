"""The agent of a cluster as transfers ask it: over the standing session, and by streams."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from analysis_server.connector.agent import Agent
from analysis_server.connector.ssh.errors import Unreachable
from analysis_server.connector.ssh.pool import ConnectionPool
from analysis_server.connector.ssh.port import Channel
from analysis_server.connector.transfer.agent import ASK_TIMEOUT_S, parse_answer
from analysis_server.connector.transfer.errors import TransferRefused

READ_WINDOW_BYTES: Final = 2 * 1024 * 1024


class TransferAgent:
    """What `connector/transfer` needs of a cluster. Safe to use from many threads."""

    def __init__(self, agent: Agent, pool: ConnectionPool) -> None:
        """Take what asks, and the connections that streams go by."""
        self._agent = agent
        self._pool = pool

    @property
    def rtt_s(self) -> float:
        """Return how long the way there and back takes."""
        return self._pool.rtt_s

    def ask(
        self, command: str, body: Mapping[str, Any], *, timeout_s: float = ASK_TIMEOUT_S
    ) -> dict[str, Any]:
        """Return what a command answers.

        Raises:
            TransferRefused: it is refused.
            SshError: it could not be asked.
        """
        answer = self._agent.ask_plainly(command, body, timeout_s=timeout_s)
        if refusal := answer.get("error"):
            raise TransferRefused(refusal["kind"], refusal["message"])
        return answer

    def read(self, name: str, path: str, *, size_max: int) -> bytes:
        """Return the beginning of a file in the job's folder.

        Raises:
            TransferRefused: there is none.
            SshError: it could not be asked.
        """
        with closing(self.open_stream("get", window_bytes=READ_WINDOW_BYTES, is_extra=False)) as channel:
            asked = {"name": name, "path": path, "offset": 0, "length": size_max}
            channel.write(json.dumps(asked).encode() + b"\n")
            answer = parse_answer("get", channel.read_line(ASK_TIMEOUT_S))
            content = bytearray()
            while len(content) < answer["length"]:
                piece = channel.read(answer["length"] - len(content), ASK_TIMEOUT_S)
                if not piece:
                    raise Unreachable(f"The line broke while {path} came.")
                content += piece
        return bytes(content)

    def doubt(self) -> None:
        """Look whether the agent's file is still there before it is called again."""
        self._agent.doubt()

    def open_stream(self, command: str, *, window_bytes: int, is_extra: bool) -> Channel:
        """Begin a command that takes or sends much.

        Raises:
            SshError: it could not be begun.
        """
        argv = [*self._agent.command(), command]
        return self._pool.open_stream(argv, window_bytes=window_bytes, is_extra=is_extra)
