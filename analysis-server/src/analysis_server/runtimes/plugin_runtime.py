"""What all runtimes share: who runs, who serves, who stands by; any fault becomes a result."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Generic

import structlog

from analysis_server.runtimes.port import RunListener, RunRequest, RunResult, RunStatus
from analysis_server.runtimes.residents import Eviction, ResidentKey, Residents, SpareAllowance
from analysis_server.runtimes.run.control import ActiveRuns, RunControl
from analysis_server.runtimes.run.inputs import with_contents
from analysis_server.runtimes.run.verdict import failed
from analysis_server.runtimes.serving.connection import ServerConnection, Sink
from analysis_server.runtimes.serving.fleet import ServerFleet
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.standby.limits import StandbyLimits
from analysis_server.runtimes.standby.pool import StandbyPool
from analysis_server.runtimes.standby.spare_set import SpareT
from satellite.contracts.identity import AttemptKey
from satellite.contracts.outcome import ErrorKind, JobError
from satellite.contracts.plugin_manifest import PluginManifest, PluginMode
from satellite.contracts.run_handle import RunHandle

logger = structlog.get_logger(__name__)

CLOSE_TIMEOUT_S = 15.0


def swept(sweep: Callable[[], int], *, faults: tuple[type[Exception], ...]) -> int:
    """Return how many a sweep has removed; none where what it asks does not answer, for the next to try."""
    try:
        return sweep()
    except faults as error:
        logger.warning("sweep failed", error=str(error))
        return 0


def lost_elsewhere() -> RunResult:
    """Return the result of a run that is where this runtime does not reach."""
    return failed(ErrorKind.LOST, "The attempt was lost: this worker cannot attach to what runs elsewhere.")


class PluginRuntime(ABC, Generic[SpareT]):
    """The frame of a runtime; what is special to one is how it starts plugins and finds leftovers."""

    name: str

    def __init__(self, *, servers: ServerLimits | None, standby: StandbyLimits | None) -> None:
        """Start nothing yet."""
        self._runs = ActiveRuns()
        self._fleet = ServerFleet(self, servers)
        self._standby = StandbyPool(self._start_spare, standby)

    @abstractmethod
    def prepare(self, manifest: PluginManifest) -> JobError | None:
        """Make ready what runs of the plugin share; tell what is missing."""

    @abstractmethod
    def open_connection(self, request: RunRequest, *, stdout: Sink, stderr: Sink) -> ServerConnection:
        """Start a plugin that serves any number of jobs."""

    @abstractmethod
    def explain(self, error: Exception, manifest: PluginManifest) -> JobError:
        """Tell why a plugin could not be run."""

    @abstractmethod
    def sweep(self, live: AbstractSet[AttemptKey], adoptable: AbstractSet[AttemptKey] = frozenset()) -> int:
        """Remove what dead workers left behind; see the port."""

    @abstractmethod
    def sweep_orphans(self, adoptable: AbstractSet[AttemptKey] | None = frozenset()) -> int:
        """Remove what was started by processes that have died; see the port."""

    @abstractmethod
    def _start_spare(self, request: RunRequest) -> SpareT:
        """Start a plugin that waits for its job."""

    @abstractmethod
    def _run_once(
        self, request: RunRequest, listener: RunListener, control: RunControl, began: float
    ) -> RunResult:
        """Run one attempt by itself, since `began` on the clock of `time.perf_counter`."""

    def _attach(
        self, request: RunRequest, handle: RunHandle, listener: RunListener, control: RunControl
    ) -> RunResult:
        """Go on with a run; none of these can, unless a runtime says otherwise."""
        del request, handle, listener, control
        return failed(
            ErrorKind.LOST,
            f"The attempt was lost: runs of the {self.name} runtime end with their worker, "
            "none can be attached to.",
        )

    def run(self, request: RunRequest, listener: RunListener) -> RunResult:
        """Run one attempt, by itself or in its plugin's server."""
        began = time.perf_counter()
        with self._runs.enter(request.key) as control:
            try:
                if control.reason is not None:
                    return RunResult(status=RunStatus.CANCELLED)
                if request.manifest.mode is PluginMode.SERVER:
                    return self._fleet.run(with_contents(request), listener, control)
                return self._run_once(request, listener, control, began)
            except Exception as error:  # noqa: BLE001 - what it means is told in one place
                return RunResult(status=RunStatus.FAILED, error=self.explain(error, request.manifest))

    def place(self) -> str | None:
        """Name where runs are that outlive this process; none do, unless a runtime says otherwise."""
        return None

    def attach(self, request: RunRequest, handle: RunHandle, listener: RunListener) -> RunResult:
        """Go on with a run that outlived the process that began it; see the port."""
        with self._runs.enter(request.key) as control:
            try:
                return self._attach(request, handle, listener, control)
            except Exception as error:  # noqa: BLE001 - what it means is told in one place
                return RunResult(status=RunStatus.FAILED, error=self.explain(error, request.manifest))

    def cancel(self, key: AttemptKey) -> bool:
        """End the attempt, or keep it from being started."""
        return self._runs.cancel(key)

    def stop_all(self, reason: str) -> int:
        """End every run."""
        count = self._runs.stop_all()
        logger.info("runs stopped", runtime=self.name, count=count, reason=reason)
        return count

    def loaded(self) -> list[str]:
        """Return `name version` of the plugins whose servers are ready, least recently used first."""
        return self._fleet.loaded()

    def spares(self) -> int:
        """Return how many spares stand by."""
        return self._standby.waiting()

    def residents(self, allowance: SpareAllowance | None = None) -> Residents:
        """Tell what is there, after having been told how many spares may be."""
        spares = self._standby.residents(allowance)
        return Residents(servers=tuple(self._fleet.residents()), spares=tuple(spares))

    def evict(self, eviction: Eviction, *, timeout_s: float) -> list[ResidentKey]:
        """End idle servers and spares; return the keys of which nothing is left."""
        deadline = time.monotonic() + timeout_s
        trimmed = self._standby.trim(eviction.spares, eviction.allowance, timeout_s=timeout_s)
        left_s = max(0.0, deadline - time.monotonic())
        return [*trimmed, *self._fleet.evict(eviction.servers, timeout_s=left_s)]

    def close(self) -> None:
        """End what runs and all that stands."""
        self._runs.stop_all()
        self._runs.wait_until_idle(CLOSE_TIMEOUT_S)
        self._fleet.close()
        self._standby.close()

    def _take_spare(self, request: RunRequest, control: RunControl) -> SpareT | None:
        return self._standby.take(request, is_stopped=lambda: control.reason is not None)
