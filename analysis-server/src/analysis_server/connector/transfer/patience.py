"""What is waited for during a transfer, and for how long between two tries."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from analysis_server.connector.ssh.errors import ChannelRefused, CommandTimedOut, SshError, Unreachable
from analysis_server.connector.transfer.errors import TransferStopped

FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
"""The pool of connections waits longer by itself where a host cannot be reached."""
LOOK_EVERY_S: Final = 0.2
PASSES: Final = (Unreachable, ChannelRefused, CommandTimedOut)
"""What is waited for; that we are not let in is not."""

Result = TypeVar("Result")
IsStopped = Callable[[], bool]

logger = structlog.get_logger(__name__)


class Patience:
    """Tries again as long as lines break, for ever, or until nobody wants it any more."""

    def __init__(self, is_stopped: IsStopped) -> None:
        """Begin with short pauses."""
        self._is_stopped = is_stopped
        self._pause_s = FIRST_PAUSE_S

    def note_progress(self) -> None:
        """Begin with short pauses again."""
        self._pause_s = FIRST_PAUSE_S

    def insist(self, step: Callable[[], Result]) -> Result:
        """Return what a step returns that may be repeated.

        Raises:
            TransferStopped: nobody wants it any more.
            SshError: what does not pass by itself.
        """
        while True:
            try:
                return step()
            except PASSES as error:
                self.wait_after(error)

    def wait_after(self, error: SshError) -> None:
        """Wait a while after a line broke.

        Raises:
            TransferStopped: nobody wants it any more.
            SshError: the error, where it does not pass by itself.
        """
        if not isinstance(error, PASSES):
            raise error
        logger.info("a transfer waits", error=str(error), pause_s=self._pause_s)
        until_s = time.monotonic() + self._pause_s * random.uniform(0.5, 1)  # noqa: S311
        self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s)
        while (left_s := until_s - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left_s, LOOK_EVERY_S))
        self.check()

    def check(self) -> None:
        """Raise TransferStopped if nobody wants it any more."""
        if self._is_stopped():
            raise TransferStopped("The transfer was stopped.")
