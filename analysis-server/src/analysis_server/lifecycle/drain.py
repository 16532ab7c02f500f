"""Drain: a leaving worker lets its attempts finish, and hands back what is not done in time."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from analysis_server.execution.running import RunningAttempts
from analysis_server.loop_thread import LoopThread

logger = structlog.get_logger(__name__)


class Drain:
    """Begins once; Celery itself has stopped consuming by then and waits for the running tasks."""

    def __init__(
        self,
        *,
        running: RunningAttempts,
        end_rest: Callable[[], None],
        timeout_s: float,
        begun: Callable[[], None],
        unforeseen: Callable[[], None] | None = None,
    ) -> None:
        """Call `begun` at the beginning, so that the heartbeat tells of it, and `end_rest` after the time.

        `unforeseen` is for `LoopThread`: who cannot drain would wait for its attempts for ever.
        """
        self._running = running
        self._end_rest = end_rest
        self._timeout_s = timeout_s
        self._begun = begun
        self._unforeseen = unforeseen
        self._thread: LoopThread | None = None

    @property
    def has_begun(self) -> bool:
        """Tell whether the worker is leaving."""
        return self._thread is not None

    def begin(self) -> None:
        """Begin to drain; may be called in a signal handler, and again."""
        if self._thread is None:
            self._thread = LoopThread("drain", self._run, unforeseen=self._unforeseen)
            self._thread.start()

    def _run(self) -> None:
        logger.info("draining", attempts=len(self._running.in_slots()), timeout_s=self._timeout_s)
        self._begun()
        if not self._running.wait_until_idle(self._timeout_s):
            self._end_rest()
