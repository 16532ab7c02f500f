"""The executor in the worker's own process, for a runtime whose runs are elsewhere anyway."""

from __future__ import annotations

from collections.abc import Collection

from analysis_server.execution.attachable_runs import Attachable
from analysis_server.execution.executor import ExecutorHealth, Look
from analysis_server.execution.executor_service import ExecutorService
from analysis_server.runtimes.port import RunRequest, RunResult
from analysis_server.runtimes.residents import Eviction, ResidentKey, SpareAllowance
from satellite.contracts.identity import AttemptKey
from satellite.contracts.run_handle import RunHandle


class LocalExecutor:
    """Runs attempts on the threads that ask for them, so it is never lost before its worker."""

    def __init__(self, service: ExecutorService) -> None:
        """Take the service that owns the runtime."""
        self._service = service

    def run(self, request: RunRequest) -> RunResult:
        """Run one attempt to its end."""
        return self._service.run(request)

    def attach(self, request: RunRequest, handle: RunHandle) -> RunResult:
        """Go on with a run to its end, whoever began it."""
        return self._service.attach(request, handle)

    def attachable(self) -> Attachable:
        """Tell where runs are that outlive this process, and by what they are found."""
        return self._service.attachable()

    def cancel(self, key: AttemptKey) -> None:
        """Ask for the end of a run; returns at once."""
        self._service.cancel(key)

    def stop_all(self, reason: str) -> None:
        """Ask for the end of every run; returns at once."""
        self._service.stop_all(reason)

    def sweep(self, live: Collection[AttemptKey], adoptable: Collection[AttemptKey] = ()) -> int:
        """Remove what belongs neither to `live` nor to `adoptable` attempts; return how much it was."""
        return self._service.sweep(live, adoptable)

    def evict(self, eviction: Eviction) -> Collection[ResidentKey]:
        """End idle servers and spares; return the keys of which nothing is left."""
        return self._service.evict(eviction)

    def look(self, allowance: SpareAllowance | None, *, timeout_s: float) -> Look:
        """Tell what is there; an executor of this process is as well as the process."""
        del timeout_s
        return Look(health=ExecutorHealth.WELL, residents=self._service.residents(allowance))

    def close(self) -> None:
        """End every run and the executor."""
        self._service.close()
