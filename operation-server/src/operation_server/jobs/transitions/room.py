"""Room for more jobs: of the broker's queues, of plugins and of users. Pure counting, exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from operation_server.jobs.transitions.catalog import PluginVersion
from operation_server.jobs.transitions.placement import DispatchCapacity, FreeCards
from satellite.contracts.cluster_needs import CLUSTER_RUNTIME

NOTHING_CACHED: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingGroup:
    """The waiting jobs of a user for a plugin version that require the same, and their limits."""

    plugin_id: int
    owner_id: int
    requires_json: str
    """What the jobs add to what their plugin requires."""
    is_paused: bool
    control_max_running: int | None
    owner_max_running: int | None


@dataclass(slots=True, kw_only=True)
class Room:
    """Counts what is taken, and tells where one more job of a group fits."""

    capacity: DispatchCapacity
    versions: dict[int, PluginVersion]
    unstarted: Counter[str | None] = field(default_factory=Counter)
    """By queue of the broker."""
    by_plugin: Counter[str] = field(default_factory=Counter)
    by_owner: Counter[int] = field(default_factory=Counter)
    _queues: dict[tuple[int, str], tuple[str, ...]] = field(default_factory=dict)
    _clusters: dict[tuple[int, str], dict[str, FreeCards]] = field(default_factory=dict)

    def place(self, group: WaitingGroup, *, cached: Mapping[str, int] = NOTHING_CACHED) -> str | None:
        """Return the queue that one more job of the group may be sent to; None when there is no room.

        `cached` are the bytes of the job's files that are on clusters already, by the queues of these.
        """
        version = self.versions.get(group.plugin_id)
        if version is None or group.is_paused or not self._within_limits(group, version):
            return None
        left = {
            queue: self.capacity.depths.get(queue, 0) - self.unstarted[queue]
            for queue in self._queues_for(group, version)
        }
        clusters = self._clusters.get((group.plugin_id, group.requires_json))
        if clusters:
            return self._best_cluster(clusters, left, cached)
        queue = max(left, key=left.__getitem__, default=None)
        return queue if queue is not None and left[queue] > 0 else None

    def chooses_cluster(self, group: WaitingGroup) -> bool:
        """Tell whether jobs of the group could go to more than one cluster."""
        version = self.versions.get(group.plugin_id)
        if version is None:
            return False
        self._queues_for(group, version)
        return len(self._clusters.get((group.plugin_id, group.requires_json), ())) > 1

    def _best_cluster(
        self, clusters: Mapping[str, FreeCards], left: Mapping[str, int], cached: Mapping[str, int]
    ) -> str | None:
        """Return where it begins at once, there are most free cards, most of its bytes, most places left."""

        def rank(queue: str) -> tuple[bool, int, int, int]:
            cards, unstarted = clusters[queue], self.unstarted[queue]
            return cards.fits(unstarted), cards.after(unstarted), cached.get(queue, 0), left[queue]

        return max((queue for queue in left if left[queue] > 0), key=rank, default=None)

    def take(
        self, plugin_id: int, owner_id: int, *, queue: str | None, jobs: int = 1, unstarted: int = 1
    ) -> None:
        """Count jobs that are dispatched to a queue, `unstarted` of them not started."""
        self.by_owner[owner_id] += jobs
        self.unstarted[queue] += unstarted
        # One that cannot be read any more gets no more jobs, but may have some under way.
        version = self.versions.get(plugin_id)
        if version is not None:
            self.by_plugin[version.name] += jobs

    def _within_limits(self, group: WaitingGroup, version: PluginVersion) -> bool:
        return (
            _below(self.by_plugin[version.name], version.max_running)
            and _below(self.by_plugin[version.name], group.control_max_running)
            and _below(self.by_owner[group.owner_id], group.owner_max_running)
        )

    def _queues_for(self, group: WaitingGroup, version: PluginVersion) -> tuple[str, ...]:
        key = (group.plugin_id, group.requires_json)
        found = self._queues.get(key)
        if found is None:
            requires = version.requires_of(group.requires_json)
            found = self._queues[key] = self.capacity.queues_for(requires, version.resources)
            if requires.runtime == CLUSTER_RUNTIME:
                self._clusters[key] = self.capacity.clusters_for(requires, version.resources)
        return found


def _below(count: int, limit: int | None) -> bool:
    return limit is None or count < limit
