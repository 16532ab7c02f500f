"""What all runtimes share: who runs, who serves, who stands by; any fault becomes a result."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Set as AbstractSet
from typing import Generic

import structlog

from analysis_server.runtimes.port import AttemptKey, RunListener, RunRequest, RunResult, RunStatus
from analysis_server.runtimes.run.control import ActiveRuns, RunControl
from analysis_server.runtimes.serving.fleet import ServerFleet
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.link import Link, Sink
from analysis_server.runtimes.standby.pool import StandbyPool
from analysis_server.runtimes.standby.shelf import SpareT, StandbyLimits
from analysis_server.runtimes.standing import Eviction, PluginPlace, SpareRoom, Standing
from satellite.contracts.outcome import JobError
from satellite.contracts.plugin_manifest import PluginManifest, PluginMode

logger = structlog.get_logger(__name__)

CLOSE_TIMEOUT_S = 15.0


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
    def open_link(self, request: RunRequest, *, stdout: Sink, stderr: Sink) -> Link:
        """Start a plugin that serves any number of jobs."""

    @abstractmethod
    def explain(self, error: Exception, manifest: PluginManifest) -> JobError:
        """Tell why a plugin could not be run."""

    @abstractmethod
    def sweep(self, live: AbstractSet[AttemptKey]) -> int:
        """Remove what dead workers left behind; see the port."""

    @abstractmethod
    def sweep_orphans(self) -> int:
        """Remove what was started by processes that have died; see the port."""

    @abstractmethod
    def _start_spare(self, request: RunRequest) -> SpareT:
        """Start a plugin that waits for its job."""

    @abstractmethod
    def _run_once(
        self, request: RunRequest, listener: RunListener, control: RunControl, began: float
    ) -> RunResult:
        """Run one attempt in a fresh place, since `began` on the clock of `time.perf_counter`."""

    def run(self, request: RunRequest, listener: RunListener) -> RunResult:
        """Run one attempt, in a fresh place or in its plugin's server."""
        began = time.perf_counter()
        with self._runs.enter(request.key) as control:
            try:
                if control.reason is not None:
                    return RunResult(status=RunStatus.CANCELLED)
                if request.manifest.mode is PluginMode.SERVER:
                    return self._fleet.run(request, listener, control)
                return self._run_once(request, listener, control, began)
            except Exception as error:  # noqa: BLE001 - what it means is told in one place
                return RunResult(status=RunStatus.FAILED, error=self.explain(error, request.manifest))

    def cancel(self, job_id: int, attempt: int) -> bool:
        """End the attempt, or keep it from being started."""
        return self._runs.cancel((job_id, attempt))

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

    def standing(self, room: SpareRoom | None = None) -> Standing:
        """Tell what stands, after having been told where spares may."""
        spares = self._standby.standing(room)
        return Standing(servers=tuple(self._fleet.standing()), spares=tuple(spares))

    def make_room(self, eviction: Eviction, *, timeout_s: float) -> list[PluginPlace]:
        """End idle servers and spares; return the places where nothing is left of them."""
        deadline = time.monotonic() + timeout_s
        trimmed = self._standby.trim(eviction.spares, eviction.room, timeout_s=timeout_s)
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
