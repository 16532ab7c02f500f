"""What was given to whom: to a job, to a server that stays loaded, to a spare that stands by."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum

from analysis_server.runtimes.standing import PluginPlace, SpareRoom
from satellite.contracts.plugin_manifest import PluginManifest, PluginResources


class GrantKind(StrEnum):
    """Who holds a grant."""

    JOB = "job"
    SERVER = "server"
    SPARE = "spare"


@dataclass(slots=True, kw_only=True, eq=False)
class Grant:
    """Memory and cards of one job, server or spare; its CPUs are taken only while a job uses it."""

    kind: GrantKind
    digest: str
    resources: PluginResources
    gpu_ids: tuple[str, ...]
    holders: int = 0
    """Jobs that use it now; without one, a server or a spare only stands by."""
    used_at: float = field(default_factory=time.monotonic)
    leaving: bool = False
    """It is being evicted."""
    closing: bool = False
    """It takes no further jobs, because one that waits needs its room."""
    spare_room: SpareRoom | None = None
    """What its job tells the executor about spares."""

    @property
    def place(self) -> PluginPlace:
        """Return what its server or its spare is known by."""
        return (self.digest, self.gpu_ids)

    @property
    def is_idle(self) -> bool:
        """Tell whether it can be evicted."""
        return not self.holders and not self.leaving


@dataclass(slots=True, kw_only=True)
class Reserve:
    """The room that is kept for spares of one plugin."""

    manifest: PluginManifest
    spares: list[Grant] = field(default_factory=list)
    wished: int = 0
    """How many it should be; fewer than in the manifest after an eviction, until the next job."""
    jobs: int = 0
    """Jobs of the plugin that run now."""
    used_at: float = field(default_factory=time.monotonic)
