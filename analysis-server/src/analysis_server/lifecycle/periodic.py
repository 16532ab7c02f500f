"""Something done again and again on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
from redis.exceptions import RedisError

from analysis_server.loop_thread import LoopThread

logger = structlog.get_logger(__name__)

AFTER_FAILURE_S = 1.0


class Periodic:
    """Calls `action` every `interval_s`, sooner again after a failure, until it is stopped."""

    def __init__(
        self,
        name: str,
        action: Callable[[], None],
        *,
        interval_s: float,
        unforeseen: Callable[[], None] | None = None,
    ) -> None:
        """Begin with `start`; `unforeseen` is for `LoopThread`."""
        self._name = name
        self._action = action
        self._interval_s = interval_s
        self._stopped = threading.Event()
        self._hurry = threading.Event()
        self._thread = LoopThread(name, self._run, unforeseen=unforeseen, go_on_after_s=interval_s)

    def start(self) -> None:
        """Call for the first time now, on the thread."""
        self._thread.start()

    def hurry(self) -> None:
        """Call once more now."""
        self._hurry.set()

    def stop(self, timeout_s: float = 5) -> None:
        """Call no more."""
        self._stopped.set()
        self._hurry.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopped.is_set():
            pause_s = self._interval_s
            try:
                self._action()
            except (RedisError, OSError) as error:
                logger.warning("periodic work failed", work=self._name, error=str(error))
                pause_s = min(pause_s, AFTER_FAILURE_S)
            self._hurry.wait(pause_s)
            self._hurry.clear()
