"""Tells the operation server by what the longer ones of this worker's runs can be found, should it die."""

from __future__ import annotations

import time

from analysis_server.execution.executor import PluginExecutor
from analysis_server.execution.running import HeldAttempt, RunningAttempts
from analysis_server.reporting.leases import LeaseKeeper
from analysis_server.reporting.port import Reporter
from satellite.contracts.identity import AttemptKey
from satellite.contracts.job import StartedReport

LOOK_EVERY_S = 2.0
TELL_AGAIN_S = 30.0
"""A report may be lost together with all that Redis holds."""


class HandleWatch:
    """Asks the executor now and then, so that no short run costs anything."""

    def __init__(
        self,
        *,
        worker: str,
        executor: PluginExecutor,
        running: RunningAttempts,
        leases: LeaseKeeper,
        reporter: Reporter,
    ) -> None:
        """Know of no place yet."""
        self._worker = worker
        self._executor = executor
        self._running = running
        self._leases = leases
        self._reporter = reporter
        self._kept: set[AttemptKey] = set()
        self.place: str | None = None
        """Where runs are that outlive this worker's processes; None until the executor has told one."""

    def look(self) -> None:
        """Ask once, and tell what is new or was not told for a while.

        Raises:
            RedisError: Redis does not answer.
        """
        if self.place is not None and not self._running.in_slots() and not self._kept:
            return
        found = self._executor.attachable()
        self.place = found.place or self.place
        # Before the report: from the moment that somebody may adopt them, janitors have to leave them alone.
        self._leases.keep_adoptable(self._running.note_handles(found.handles))
        attachable = self._running.attachable()
        self._leases.forget_adoptable(self._kept - {held.key for held in attachable})
        self._kept = {held.key for held in attachable}
        for held in attachable:
            self._tell(held)

    def _tell(self, held: HeldAttempt) -> None:
        now_s, told_at_s = time.monotonic(), held.handle_told_at_s
        if held.handle is None or (told_at_s is not None and now_s - told_at_s < TELL_AGAIN_S):
            return
        held.handle_told_at_s = now_s
        job_id, attempt, uid = held.key
        self._reporter.started(
            StartedReport(
                job_id=job_id,
                attempt=attempt,
                uid=uid,
                worker=self._worker,
                started_at=held.started_at,
                generation=held.generation,
                handle=held.handle,
            )
        )
