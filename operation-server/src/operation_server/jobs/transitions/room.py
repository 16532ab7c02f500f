"""Room for more jobs: of the broker's queues, of plugins and of users. Pure counting, exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from operation_server.jobs.transitions.catalog import PluginVersion
from satellite.contracts.plugin_manifest import PluginResources
from satellite.contracts.worker import WorkerResources


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchCapacity:
    """What the live workers can take: how deep each queue may be, and the largest room of each worker."""

    depth: int
    """Jobs that may be dispatched and not started."""
    gpu_depth: int = 0
    workers: Sequence[WorkerResources] = ()

    def deepened_by(self, jobs: int) -> DispatchCapacity:
        """Return the capacity with room for more jobs ahead in each queue that somebody consumes."""
        return replace(
            self,
            depth=self.depth + jobs if self.depth else 0,
            gpu_depth=self.gpu_depth + jobs if self.gpu_depth else 0,
        )

    def can_ever_run(self, resources: PluginResources) -> bool:
        """Tell whether some live worker has, when idle, what the plugin asks for."""
        return any(worker.suffice_for(resources) for worker in self.workers)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingGroup:
    """The waiting jobs of one user for one plugin version, and the limits they are under."""

    plugin_id: int
    owner_id: int
    is_paused: bool
    control_max_running: int | None
    owner_max_running: int | None


@dataclass(slots=True, kw_only=True)
class Room:
    """Counts what is taken, and tells whether one more job of a group fits."""

    capacity: DispatchCapacity
    versions: dict[int, PluginVersion]
    unstarted: int = 0
    unstarted_gpu: int = 0
    by_plugin: Counter[str] = field(default_factory=Counter)
    by_owner: Counter[int] = field(default_factory=Counter)

    def fits(self, group: WaitingGroup) -> bool:
        """Tell whether one more job of the group may be dispatched."""
        version = self.versions.get(group.plugin_id)
        if version is None or group.is_paused or not self.capacity.can_ever_run(version.resources):
            return False
        unstarted, depth = (
            (self.unstarted_gpu, self.capacity.gpu_depth)
            if version.needs_gpu
            else (self.unstarted, self.capacity.depth)
        )
        return (
            unstarted < depth
            and _below(self.by_plugin[version.name], version.max_running)
            and _below(self.by_plugin[version.name], group.control_max_running)
            and _below(self.by_owner[group.owner_id], group.owner_max_running)
        )

    def take(self, plugin_id: int, owner_id: int, *, jobs: int = 1, unstarted: int = 1) -> None:
        """Count jobs that are dispatched, `unstarted` of them not started."""
        self.by_owner[owner_id] += jobs
        # One that cannot be read any more gets no more jobs, but may have some under way.
        version = self.versions.get(plugin_id)
        if version is not None:
            self.by_plugin[version.name] += jobs
        if version is not None and version.needs_gpu:
            self.unstarted_gpu += unstarted
        else:
            self.unstarted += unstarted


def _below(count: int, limit: int | None) -> bool:
    return limit is None or count < limit
