"""What the servers of a worker have: each plugin's replicas, and how many jobs use them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from analysis_server.execution.admission.allocation import Allocation
from satellite.contracts.plugin_manifest import PluginManifest


@dataclass(slots=True, kw_only=True, eq=False)
class PluginServers:
    """The replicas of one plugin, each with cards of its own.

    A replica that is free takes whatever job of its plugin waits, also one that was given another replica. So
    CPUs are counted for as many replicas as have something to do, whichever these are.
    """

    manifest: PluginManifest
    replicas: list[Allocation] = field(default_factory=list)

    @property
    def jobs(self) -> int:
        """Return how many jobs use them."""
        # Lists, because each attempt asks this of all plugins.
        return sum([each.holders for each in self.replicas])

    @property
    def cpus(self) -> float:
        """Return how many CPUs are in use."""
        jobs = self.jobs
        return self.manifest.resources.cpus * min(jobs, len(self.replicas)) if jobs else 0.0

    @property
    def cpus_of_one_more(self) -> float:
        """Return how many CPUs one more job takes: none when all replicas have something to do."""
        return 0.0 if self.jobs >= len(self.replicas) else self.manifest.resources.cpus

    @property
    def may_grow(self) -> bool:
        """Tell whether its manifest wishes for more replicas."""
        return len(self.replicas) < self.manifest.replicas

    @property
    def is_short(self) -> bool:
        """Tell whether jobs wait for each other, though there might be more replicas."""
        return self.may_grow and self.jobs > len(self.replicas)

    @property
    def used_at(self) -> float:
        """Return when a job last ended or one of them was started."""
        return max(each.used_at for each in self.replicas)

    @property
    def gpu_ids(self) -> set[str]:
        """Return the cards of all replicas."""
        return {uuid for each in self.replicas for uuid in each.gpu_ids}

    def least_busy(self, *, with_closing: bool) -> Allocation | None:
        """Return the replica with the fewest jobs of those that stay, the oldest of several."""
        staying = [each for each in self.replicas if not each.leaving and (with_closing or not each.closing)]
        return min(staying, key=lambda each: each.holders, default=None)


class ServerAllocations:
    """The servers by their `resident`. Guarded by the lock of the ledger."""

    def __init__(self) -> None:
        """Begin without any."""
        self._plugins: dict[str, PluginServers] = {}

    def __iter__(self) -> Iterator[Allocation]:
        """Go through all servers."""
        return (each for plugin in self._plugins.values() for each in plugin.replicas)

    @property
    def cpus(self) -> float:
        """Return how many CPUs are in use."""
        return sum([plugin.cpus for plugin in self._plugins.values()])

    def find(self, resident: str) -> PluginServers | None:
        """Return the servers of a plugin, None when it has none."""
        return self._plugins.get(resident)

    def plugins(self) -> Collection[PluginServers]:
        """Return the servers by plugin."""
        return self._plugins.values()

    def add(self, server: Allocation, manifest: PluginManifest) -> None:
        """Note a new replica."""
        self._plugins.setdefault(server.resident, PluginServers(manifest=manifest)).replicas.append(server)

    def remove(self, server: Allocation) -> None:
        """Forget a replica."""
        plugin = self._plugins[server.resident]
        plugin.replicas.remove(server)
        if not plugin.replicas:
            del self._plugins[server.resident]
