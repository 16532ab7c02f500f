"""The runtime of a cluster: attempts run there, and outlive whoever began them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import structlog

from analysis_server.connector.cluster import Cluster
from analysis_server.connector.cluster_run import ClusterRun
from analysis_server.runtimes.port import RunListener, RunRequest, RunResult
from analysis_server.runtimes.residents import Eviction, ResidentKey, Residents, SpareAllowance
from analysis_server.runtimes.run.control import ActiveRuns
from satellite.contracts.cluster_handle import place_of_cluster
from satellite.contracts.cluster_needs import CLUSTER_RUNTIME
from satellite.contracts.identity import AttemptKey
from satellite.contracts.outcome import JobError
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.run_handle import RunHandle

logger = structlog.get_logger(__name__)


class ClusterRuntime:
    """Runs attempts on one cluster. Safe to call from many threads; each goes with one attempt."""

    name = CLUSTER_RUNTIME

    def __init__(self, cluster: Cluster) -> None:
        """Begin with no attempt."""
        self._cluster = cluster
        self._runs = ActiveRuns()

    def prepare(self, manifest: PluginManifest) -> JobError | None:
        """Make nothing ready: what an attempt needs is brought with it."""
        del manifest
        return None

    def run(self, request: RunRequest, listener: RunListener) -> RunResult:
        """Run one attempt to its end, also if it was begun there before."""
        with self._runs.enter(request.key) as control:
            return ClusterRun(self._cluster, request, listener, control).begin()

    def place(self) -> str | None:
        """Name the cluster."""
        return place_of_cluster(self._cluster.spec.name)

    def attach(self, request: RunRequest, handle: RunHandle, listener: RunListener) -> RunResult:
        """Go on with an attempt; one that never began there never will, and its job is handed back."""
        listener.attachable(handle)
        with self._runs.enter(request.key) as control:
            return ClusterRun(self._cluster, request, listener, control).go_on()

    def cancel(self, key: AttemptKey) -> bool:
        """Ask for the end of an attempt, once the cluster answers."""
        return self._runs.cancel(key)

    def stop_all(self, reason: str) -> int:
        """Ask for the end of every attempt."""
        count = self._runs.stop_all()
        logger.info("runs stopped", runtime=self.name, count=count, reason=reason)
        return count

    def sweep(self, live: AbstractSet[AttemptKey], adoptable: AbstractSet[AttemptKey] = frozenset()) -> int:
        """Remove nothing: folders on a cluster go by their age, and what runs there ends by itself."""
        del live, adoptable
        return 0

    def sweep_orphans(self, adoptable: AbstractSet[AttemptKey] | None = frozenset()) -> int:
        """Remove nothing: no process here has anything there."""
        del adoptable
        return 0

    def residents(self, allowance: SpareAllowance | None = None) -> Residents:
        """Tell that nothing stays loaded or stands by."""
        del allowance
        return Residents()

    def evict(self, eviction: Eviction, *, timeout_s: float) -> list[ResidentKey]:
        """End nothing, as there is nothing."""
        del timeout_s
        return [*eviction.servers, *eviction.spares]

    def close(self) -> None:
        """Let go of all attempts."""
        self._cluster.close()
