"""Drain: a leaving worker lets its attempts finish, and hands back what is not done in time."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from analysis_server.execution.cancellation import CancellationListener
from analysis_server.execution.running import RunningAttempts, Stop

logger = structlog.get_logger(__name__)


class Drain:
    """Begins once; Celery itself has stopped consuming by then and waits for the running tasks."""

    def __init__(
        self,
        *,
        running: RunningAttempts,
        cancellations: CancellationListener,
        timeout_s: float,
        begun: Callable[[], None],
    ) -> None:
        """Call `begun` when the drain begins, so that the heartbeat tells of it at once."""
        self._running = running
        self._cancellations = cancellations
        self._timeout_s = timeout_s
        self._begun = begun
        self._thread: threading.Thread | None = None

    @property
    def has_begun(self) -> bool:
        """Tell whether the worker is leaving."""
        return self._thread is not None

    def begin(self) -> None:
        """Begin to drain; may be called in a signal handler, and again."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="drain", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        logger.info("draining", attempts=len(self._running.in_slots()), timeout_s=self._timeout_s)
        self._begun()
        if not self._running.wait_until_idle(self._timeout_s):
            self._cancellations.stop_attempts(Stop.DRAINED)
