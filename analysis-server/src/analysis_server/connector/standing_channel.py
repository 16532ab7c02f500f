"""One standing session with the file on a cluster, which many threads ask at the same time."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotDone
from typing import Any, Final

import structlog

from analysis_server.connector.ssh.errors import SshError, Unreachable
from analysis_server.connector.ssh.port import Channel

SILENCE_S: Final = 30.0
"""A line that is dead is noticed below; this only bounds one look at whether the channel was closed."""

logger = structlog.get_logger(__name__)


class StandingChannel:
    """Asks by lines of JSON; begun when it is first needed, and anew after the line broke."""

    def __init__(self, open_channel: Callable[[], Channel]) -> None:
        """Open nothing yet."""
        self._open_channel = open_channel
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._channel: Channel | None = None
        self._waiting: dict[int, Future[dict[str, Any]]] = {}

    def ask(self, command: str, body: object, *, timeout_s: float) -> dict[str, Any]:
        """Return what the cluster answers.

        Raises:
            SshError: it could not be asked, or did not answer; what was asked may have been done or not.
        """
        number, answer = next(self._numbers), Future[dict[str, Any]]()
        line = json.dumps({"id": number, "command": command, "body": body}).encode() + b"\n"
        with self._lock:
            channel = self._channel or self._begin()
            self._waiting[number] = answer
            try:
                channel.write(line)
            except (SshError, OSError) as error:
                self._break(channel, Unreachable(f"The line broke: {error}"))
        try:
            return answer.result(timeout_s)
        except NotDone:
            raise Unreachable(f"The cluster did not answer to {command} within {timeout_s:g} s.") from None
        finally:
            self._waiting.pop(number, None)

    def close(self) -> None:
        """End the session."""
        with self._lock:
            if self._channel is not None:
                self._break(self._channel, Unreachable("The session was closed."))

    def _begin(self) -> Channel:
        channel = self._channel = self._open_channel()
        threading.Thread(target=self._listen, args=(channel,), name="cluster-answers", daemon=True).start()
        return channel

    def _listen(self, channel: Channel) -> None:
        while self._channel is channel:
            try:
                line = channel.read_line(SILENCE_S)
            except TimeoutError:
                continue
            except SshError as error:
                self._end(channel, error)
                return
            if not line:
                told = channel.stderr.decode(errors="replace").strip()[-500:]
                self._end(channel, Unreachable(f"The session ended: {told or 'nothing was said'}"))
                return
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            answer = json.loads(line)
            future = self._waiting.get(answer.pop("id"))
        except (ValueError, KeyError, AttributeError, TypeError):
            logger.warning("an answer of a cluster is not understood", line=line[:200])
            return
        if future is not None:
            future.set_result(answer)

    def _end(self, channel: Channel, error: SshError) -> None:
        with self._lock:
            self._break(channel, error)

    def _break(self, channel: Channel, error: SshError) -> None:
        """Give up a channel, and let all who wait on it know; the lock is held."""
        if self._channel is not channel:
            return
        self._channel = None
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(error)
        channel.close()
