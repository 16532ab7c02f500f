"""The port of admission: it says when an attempt may begin, and with what of its worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from analysis_server.execution.admission.allocation import Allocation
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.worker import WorkerResources


class Admission(Protocol):
    """Gives attempts room. Safe to use from any thread."""

    def acquire(
        self, manifest: PluginManifest, resident: str, *, is_stopped: Callable[[], bool]
    ) -> Allocation | None:
        """Wait for room and take it; None when the attempt was stopped meanwhile."""

    def take_running(self, manifest: PluginManifest, resident: str, gpu_ids: Sequence[str]) -> Allocation:
        """Take what a run uses that has begun already, whether or not it is free."""

    def release(self, allocation: Allocation) -> None:
        """Give back what an attempt had."""

    def wake(self) -> None:
        """Let those that wait see whether they were stopped."""

    def total(self) -> WorkerResources:
        """Return what there is."""

    def free(self) -> WorkerResources:
        """Return what of it is free."""
