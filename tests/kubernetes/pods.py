"""The Kubernetes runtime under the contract of all runtimes, on pods of a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from analysis_server.runtimes.kubernetes.options import KubernetesOptions
from analysis_server.runtimes.kubernetes.runtime import KubernetesRuntime
from analysis_server.runtimes.port import Runtime
from analysis_server.runtimes.secrets.giving import SecretGiver
from analysis_server.runtimes.standby.limits import StandbyLimits
from satellite.contracts.plugin_manifest import PluginManifest
from tests.contract.runtimes.bench import STACK, Bench
from tests.contract.runtimes.conftest import VARIABLES
from tests.fixtures.servers import wait_until
from tests.kubernetes.cluster.cluster import Cluster
from tests.kubernetes.platform import VERSION

NAMESPACE = "satellite-plugins"
PODS_GO_WITHIN_S = 60.0


def make_runtime(kubeconfig: Path, standby: StandbyLimits | None = None) -> Runtime:
    """Return a runtime that makes pods of this process's tests."""
    options = KubernetesOptions(
        namespace=NAMESPACE,
        entry_image=f"satellite/analysis-server-plugins:{VERSION}",
        kubeconfig=kubeconfig,
        scheduling_timeout_s=5,
    )
    return KubernetesRuntime(
        stack_id=STACK, options=options, secrets=SecretGiver(VARIABLES.secrets), standby=standby
    )


class PodBench(Bench):
    """Runs plugins in pods, whose commands have to be named, and looks for pods that were left."""

    # Ten at once took 6.6 s to run (2026-11-25).
    SIX_START_WITHIN_S = 12.0

    def __init__(self, cluster: Cluster, runtime: Runtime, *, plugin_dir: Path, source: Path) -> None:
        super().__init__(runtime, plugin_dir=plugin_dir, source=source)
        self._cluster = cluster

    @property
    def used(self) -> Any:
        return self.runtime

    def manifest(self, **changes: Any) -> PluginManifest:
        # The node has two processors, and several runs at once are to fit.
        small = {"memory_mib": 128, "cpus": 0.2}
        return super().manifest(**{"command": ["python", "main.py"], "resources": small, **changes})

    def pods(self) -> list[str]:
        """List the pods of the tests."""
        found = self._cluster.get("-n", NAMESPACE, "pods", "-l", f"satellite.stack={STACK}")
        return [pod["metadata"]["name"] for pod in found]

    def assert_nothing_left(self) -> None:
        self._pool.shutdown()
        self.runtime.close()
        wait_until(lambda: not self.pods(), timeout_s=PODS_GO_WITHIN_S, interval_s=0.5)
