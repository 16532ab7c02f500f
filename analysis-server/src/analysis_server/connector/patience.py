"""Asks a cluster until it answers: that it does not is no outcome of an attempt."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from analysis_server.connector.ssh.errors import SshError
from analysis_server.runtimes.run.control import RunControl

ASK_AGAIN_S: Final = 1.0
"""The pool of connections dials less and less often by itself; to be told so costs nothing."""

Result = TypeVar("Result")

logger = structlog.get_logger(__name__)


class GivenUp(Exception):
    """Nobody waits for the answer any more."""


class LetGo(BaseException):
    """The connector ends, and its attempts go on without it.

    No `Exception`: whoever takes that for the end of an attempt would report what has not happened.
    """


class Patience:
    """Repeats what a cluster did not answer to. What is asked must be safe to repeat."""

    def __init__(self, closed: threading.Event) -> None:
        """Give up once the connector is `closed`."""
        self._closed = closed

    def ask(
        self, what: str, ask: Callable[[], Result], *, unless_stopped: RunControl | None = None
    ) -> Result:
        """Return the answer, however long it takes.

        Raises:
            GivenUp: the run of `unless_stopped` was stopped.
            LetGo: the connector ends.
        """
        is_told = False
        while True:
            if self._closed.is_set():
                raise LetGo
            if unless_stopped is not None and unless_stopped.reason is not None:
                raise GivenUp
            try:
                return ask()
            except SshError as error:
                if not is_told:
                    logger.info("cluster is asked again", what=what, reason=str(error))
                is_told = True
            self._closed.wait(ASK_AGAIN_S)
