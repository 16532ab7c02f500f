"""Removes what dead workers left: containers and processes of attempts that nobody holds a lease of."""

from __future__ import annotations

import threading

import structlog

from analysis_server.execution.executor import PluginExecutor
from analysis_server.execution.running import RunningAttempts
from analysis_server.reporting.leases import LeaseKeeper

SWEEP_EVERY_S = 30.0
LOOK_AGAIN_AFTER_S = 6.0
"""Longer than a renewal takes to bring leases back after Redis lost its data."""

logger = structlog.get_logger(__name__)


class Janitor:
    """Sweeps for one worker; safe beside the janitors of other workers of the same engine."""

    def __init__(self, *, leases: LeaseKeeper, running: RunningAttempts, executor: PluginExecutor) -> None:
        """Sweep nothing yet."""
        self._leases = leases
        self._running = running
        self._executor = executor
        self._closed = threading.Event()

    def sweep(self) -> None:
        """Remove what had no lease at two looks and nobody may go on with; nothing while Redis is away.

        Raises:
            RedisError: Redis does not answer.
        """
        live = self._leases.live_attempts()
        self._closed.wait(LOOK_AGAIN_AFTER_S)
        if self._closed.is_set():
            return
        live |= self._leases.live_attempts() | set(self._running.keys())
        adoptable = self._leases.adoptable_attempts() | {held.key for held in self._running.attachable()}
        removed = self._executor.sweep(live, adoptable)
        if removed:
            logger.info("leftovers removed", count=removed)

    def close(self) -> None:
        """Begin no more sweeps."""
        self._closed.set()
