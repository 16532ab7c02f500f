"""The one policy about loops of a worker: an error that nobody foresaw is told, and ends the process or not.

A process that has lost one of its loops looks alive and does a part of its work: it renews no leases, or
hears of no cancel. Ended, it is started again by its supervisor, after a growing delay, and its attempts run
elsewhere.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

GO_ON_AFTER_S: Final = 1.0

logger = structlog.get_logger(__name__)


class LoopThread(threading.Thread):
    """A daemon thread for a loop that returns only when it shall stop."""

    def __init__(
        self,
        name: str,
        loop: Callable[[], None],
        *,
        unforeseen: Callable[[], None] | None = None,
        go_on_after_s: float = GO_ON_AFTER_S,
    ) -> None:
        """Call `unforeseen`, which ends the process, after an error that nobody foresaw.

        Without it the loop begins again: for one that must not cease whatever happens, or that is worth less
        than what else its process does.
        """
        super().__init__(name=name, daemon=True)
        self._loop = loop
        self._unforeseen = unforeseen
        self._go_on_after_s = go_on_after_s

    def run(self) -> None:
        """Run the loop to its end."""
        while True:
            try:
                self._loop()
            except Exception:
                logger.critical("a loop failed unforeseen", loop=self.name, exc_info=True)
                if self._unforeseen is not None:
                    self._unforeseen()
                    return
                time.sleep(self._go_on_after_s)
            else:
                return
