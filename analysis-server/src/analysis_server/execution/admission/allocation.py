"""What of a worker was given to whom: to a job, to a server that stays loaded, to a spare that stands by."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum

from analysis_server.runtimes.residents import ResidentKey, SpareAllowance
from satellite.contracts.plugin_manifest import PluginManifest, PluginMode, PluginResources


class AllocationKind(StrEnum):
    """Who holds an allocation."""

    JOB = "job"
    SERVER = "server"
    SPARE = "spare"


@dataclass(slots=True, kw_only=True, eq=False)
class Allocation:
    """Memory and cards of one job, server or spare; CPUs are taken only while jobs run."""

    kind: AllocationKind
    resident: str
    resources: PluginResources
    gpu_ids: tuple[str, ...]
    holders: int = 0
    """Jobs that use it now; without one, a server or a spare only stands by."""
    used_at: float = field(default_factory=time.monotonic)
    leaving: bool = False
    """It is being evicted."""
    closing: bool = False
    """It takes no further jobs, because one that waits needs what it has."""
    spare_allowance: SpareAllowance | None = None
    """What its job tells the executor about spares."""

    @property
    def key(self) -> ResidentKey:
        """Return what its server or its spare is known by."""
        return (self.resident, self.gpu_ids)

    @property
    def is_idle(self) -> bool:
        """Tell whether it can be evicted."""
        return not self.holders and not self.leaving


def kind_for(manifest: PluginManifest) -> AllocationKind:
    """Return what a job of the plugin runs in: its own, or that of a server."""
    return AllocationKind.SERVER if manifest.mode is PluginMode.SERVER else AllocationKind.JOB
