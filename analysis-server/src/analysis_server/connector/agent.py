"""The file on a cluster that does there what is asked of it, and what puts it there."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from analysis_server.connector import agent_messages as messages
from analysis_server.connector.remote_file import build, file_name
from analysis_server.connector.ssh.errors import SshError
from analysis_server.connector.ssh.pool import ConnectionPool
from analysis_server.connector.ssh.port import Completed
from analysis_server.connector.standing_channel import StandingChannel
from satellite.contracts.message import Message

ANSWER_WITHIN_S: Final = 60.0
UPLOAD_WITHIN_S: Final = 60.0
LOOK_AGAIN_S: Final = 60.0
"""Whoever cleans up on a cluster may remove the file."""
HOME: Final = "~/"

# Its arguments are the path and the length. A line that breaks leaves a part that counts for nothing.
PUT: Final = """
set -e; umask 077; mkdir -p "$(dirname "$1")"
part="$1.$$.part"; cat > "$part"
[ "$(wc -c < "$part")" -eq "$2" ] || { rm -f "$part"; echo "only a part has come" >&2; exit 3; }
mv "$part" "$1"
"""

Answer = TypeVar("Answer", bound=Message)


class AgentRefused(Exception):
    """The cluster does not do what was asked; `kind` is for programs, the message for people."""

    def __init__(self, refusal: messages.Refusal) -> None:
        super().__init__(refusal.message)
        self.kind = refusal.kind


class AgentBroken(SshError):
    """The cluster answers what cannot be: it has no Python, or a broken one."""


class Agent:
    """Asks a cluster. Safe to use from any thread."""

    def __init__(self, pool: ConnectionPool, *, base_dir: str, python: str) -> None:
        """Connect to nothing yet."""
        self._pool = pool
        self._base_dir = base_dir
        self._python = python
        self._lock = threading.Lock()
        self._base: str | None = None
        self._look_again_at_s = 0.0
        # Once: an upgrade may exchange the code under a process that runs.
        self._content, digest = build()
        self._name = file_name(digest)
        self._channel = StandingChannel(lambda: self._pool.open([*self.command(), "serve"]))

    @property
    def known_base(self) -> str:
        """Return the folder of all jobs as far as it is known without asking."""
        return self._base or self._base_dir

    @property
    def base(self) -> str:
        """Return the absolute folder of all jobs; asks for the home of the account at first.

        Raises:
            SshError: the cluster cannot be asked.
        """
        if self._base is None:
            self._base = self._find_base()
        return self._base

    def ask(
        self, command: str, body: Message | None, answer: type[Answer], *, timeout_s: float = ANSWER_WITHIN_S
    ) -> Answer:
        """Return what the cluster answers to a command.

        Raises:
            AgentRefused: it does not do that.
            SshError: it cannot be asked, or did not answer; it may have done it or not.
        """
        told = {} if body is None else body.model_dump(mode="json")
        return understood(command, self._channel.ask(command, told, timeout_s=timeout_s), answer)

    def ask_plainly(
        self, command: str, body: Mapping[str, object], *, timeout_s: float = ANSWER_WITHIN_S
    ) -> dict[str, Any]:
        """Return the answer to a command whose messages are said elsewhere, be it a refusal.

        Raises:
            SshError: the cluster cannot be asked, or did not answer.
        """
        return self._channel.ask(command, body, timeout_s=timeout_s)

    def command(self) -> list[str]:
        """Return the command by which the file is called, once it is there.

        Raises:
            SshError: it cannot be brought there.
        """
        content, path = self._content, f"{self.base}/.satellite/{self._name}"
        with self._lock:
            if time.monotonic() > self._look_again_at_s:
                if not self._is_there(path, len(content)):
                    self._put(path, content)
                self._look_again_at_s = time.monotonic() + LOOK_AGAIN_S
        return [self._python, path, "--base", self.base]

    def doubt(self) -> None:
        """Look whether the file is still there before it is called again."""
        self._look_again_at_s = 0.0

    def close(self) -> None:
        """End the standing session."""
        self._channel.close()

    def _find_base(self) -> str:
        if not self._base_dir.startswith(HOME):
            return self._base_dir.rstrip("/") or "/"
        done = self._run(["sh", "-c", "cd && pwd"])
        return f"{done.stdout.decode().strip()}/{self._base_dir.removeprefix(HOME)}".rstrip("/")

    def _is_there(self, path: str, size: int) -> bool:
        done = self._pool.run(["sh", "-c", 'wc -c < "$1"', "sh", path])
        return done.exit_code == 0 and done.stdout.strip() == str(size).encode()

    def _put(self, path: str, content: bytes) -> None:
        self._run(["sh", "-c", PUT, "sh", path, str(len(content))], stdin=content)

    def _run(self, argv: Sequence[str], *, stdin: bytes = b"") -> Completed:
        done = self._pool.run(argv, stdin=stdin, timeout_s=UPLOAD_WITHIN_S)
        if done.exit_code != 0:
            raise AgentBroken(done.stderr.decode(errors="replace").strip()[-500:] or f"exit {done.exit_code}")
        return done


def understood(command: str, found: Mapping[str, object], answer: type[Answer]) -> Answer:
    """Return an answer as what it should be.

    Raises:
        AgentRefused: it is a refusal.
        AgentBroken: it is not understood.
    """
    refuse(found)
    try:
        return answer.model_validate(found)
    except ValidationError as error:
        raise AgentBroken(f"What the cluster answers to {command} is not understood: {error}") from error


def refuse(found: Mapping[str, object]) -> None:
    """Raise the refusal that an answer is, if it is one.

    Raises:
        AgentRefused: it is one.
    """
    if "error" in found:
        raise AgentRefused(messages.RefusedAnswer.model_validate(found).error)
