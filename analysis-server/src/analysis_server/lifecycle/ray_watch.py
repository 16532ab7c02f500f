"""Notices that the Ray runtime is gone; the supervisor then starts worker and Ray anew."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from analysis_server.execution.executor import ExecutorHealth

CHECK_EVERY_S = 2.0
ANSWER_WITHIN_S = 5.0
GONE_AFTER_S = 9.0
RESTARTED_WITHIN_S = 45.0

logger = structlog.get_logger(__name__)


class RayWatch:
    """Asks the executor again and again whether it is well."""

    def __init__(self, ask: Callable[[float], ExecutorHealth], *, gone: Callable[[float], None]) -> None:
        """Ask with a time limit; call `gone` with the seconds of silence, once there were too many."""
        self._ask = ask
        self._gone = gone
        self._answered_at_s = time.monotonic()

    def check(self) -> None:
        """Ask once."""
        health = self._ask(ANSWER_WITHIN_S)
        if health is ExecutorHealth.WELL:
            self._answered_at_s = time.monotonic()
            return
        silence_s = time.monotonic() - self._answered_at_s
        logger.warning("executor does not answer", health=health, silence_s=round(silence_s, 1))
        # Ray that replaces an actor is alive itself.
        limit_s = RESTARTED_WITHIN_S if health is ExecutorHealth.RESTARTING else GONE_AFTER_S
        if silence_s > limit_s:
            self._gone(silence_s)
