"""The admission of a cluster, which gives out its cards and memory itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analysis_server.execution.admission.allocation import Allocation, AllocationKind
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.worker import WorkerResources


class OpenAdmission:
    """Lets everything begin at once: attempts wait for cards on the cluster, where they are seen."""

    def __init__(self, *, total: Callable[[], WorkerResources], free: Callable[[], WorkerResources]) -> None:
        """Take what tells how much there is."""
        self._total = total
        self._free = free

    def acquire(
        self, manifest: PluginManifest, resident: str, *, is_stopped: Callable[[], bool]
    ) -> Allocation | None:
        """Return room of no size; None when the attempt was stopped."""
        return None if is_stopped() else self.take_running(manifest, resident, ())

    def take_running(self, manifest: PluginManifest, resident: str, gpu_ids: Sequence[str]) -> Allocation:
        """Return room of no size."""
        return Allocation(
            kind=AllocationKind.JOB, resident=resident, resources=manifest.resources, gpu_ids=tuple(gpu_ids)
        )

    def release(self, allocation: Allocation) -> None:
        """Take back nothing."""

    def wake(self) -> None:
        """Wake nobody, as nobody waits."""

    def total(self) -> WorkerResources:
        """Return what the cluster has."""
        return self._total()

    def free(self) -> WorkerResources:
        """Return what of it is free."""
        return self._free()
