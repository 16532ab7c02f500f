"""The one policy of eviction: who goes when something is lacking, of all that only stands by.

The least recently used goes first, and only who has what is lacking. An attempt that waits gets the room of
whatever is idle. What can also wait for its room, a spare or one more replica, gets only that of what was
used longer ago: each version of a plugin counts by itself, and two that are used in turn would otherwise end
each other's and start cold each time.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable

from analysis_server.execution.admission.allocation import Allocation, AllocationKind, kind_for
from analysis_server.execution.admission.allocation_table import AllocationTable
from analysis_server.execution.admission.capacity import Capacity
from analysis_server.execution.admission.waiting_line import WaitingAttempt
from satellite.contracts.plugin_manifest import PluginManifest, PluginResources

IN_TURN_S = 10.0
"""Those last used no further apart than this are in use side by side."""


class EvictionPolicy:
    """Decides who goes. Guarded by the lock of the ledger."""

    def __init__(self, table: AllocationTable) -> None:
        """Look at what is free, and at what stands by."""
        self._table = table

    def for_waiting(self, waiting: WaitingAttempt) -> list[Allocation]:
        """Return who makes room for the attempt whose turn it is, nobody while that would not be enough.

        Once its patience is over, busy servers that would be enough are closed; if only their number or their
        memory is limited, at once.
        """
        manifest, table = waiting.manifest, self._table
        if (missing := table.cpus_lacking(manifest, waiting.resident)) > 0:
            # What stands idle uses no CPUs, so there is nobody to evict.
            if waiting.is_patience_over:
                self._close_for_cpus(missing)
            return []
        if table.servers.find(waiting.resident) is not None:
            # A server that is there needs nothing else.
            return []
        present = by_age((*table.servers, *table.spares))
        victims = self._choose(manifest, [each for each in present if each.is_idle])
        if victims is None and (waiting.is_patience_over or self._lacks_place_only(manifest)):
            for allocation in self._choose(manifest, present) or ():
                allocation.closing = True
        return victims or []

    def for_later(self) -> list[Allocation]:
        """Return the fewest that make room for one more replica, or else one more spare, that lacks some.

        Servers give way to replicas that have the CPUs they need, to spares only spares do.
        """
        return self._for_replica() or self._for_spare()

    def _for_replica(self) -> list[Allocation]:
        now, table = time.monotonic(), self._table
        for plugin in table.servers.plugins():
            resources = plugin.manifest.resources
            if not plugin.is_short or resources.cpus > table.free_cpus:
                continue
            servers = [each for each in table.servers if each.is_idle and each not in plugin.replicas]
            victims = choose_victims(
                AllocationKind.SERVER,
                resources,
                capacity=self._table.free,
                candidates=used_before((*servers, *table.spares.unused()), now),
                other_than=plugin.gpu_ids,
            )
            if victims:
                return victims
        return []

    def _for_spare(self) -> list[Allocation]:
        short = self._table.spares.short()
        if short is None:
            return []
        victims = choose_victims(
            AllocationKind.SPARE,
            short.manifest.resources,
            capacity=self._table.free,
            candidates=used_before(self._table.spares.unused(), short.used_at),
        )
        return victims or []

    def _close_for_cpus(self, missing: float) -> None:
        """Let busy servers end what they have, if that is enough; joined for ever, they never would.

        All replicas of a plugin at once, because one that stays open takes the jobs of the others.
        """
        closing: list[Allocation] = []
        for plugin in sorted(self._table.servers.plugins(), key=lambda each: each.used_at):
            if missing > 0 and plugin.jobs:
                closing += plugin.replicas
                missing -= plugin.cpus
        if missing <= 0:
            for server in closing:
                server.closing = True

    def _choose(self, manifest: PluginManifest, candidates: Iterable[Allocation]) -> list[Allocation] | None:
        return choose_victims(
            kind_for(manifest), manifest.resources, capacity=self._table.free, candidates=candidates
        )

    def _lacks_place_only(self, manifest: PluginManifest) -> bool:
        return self._table.free.find(AllocationKind.JOB, manifest.resources) is not None


def by_age(allocations: Iterable[Allocation]) -> list[Allocation]:
    """Return allocations in the order in which they have to go."""
    return sorted(allocations, key=lambda each: each.used_at)


def used_before(allocations: Iterable[Allocation], used_at: float) -> list[Allocation]:
    """Return what is not in use side by side with something used at `used_at`, but was longer ago."""
    return by_age(each for each in allocations if each.used_at < used_at - IN_TURN_S)


def choose_victims(
    kind: AllocationKind,
    resources: PluginResources,
    *,
    capacity: Capacity,
    candidates: Iterable[Allocation],
    other_than: Collection[str] = (),
) -> list[Allocation] | None:
    """Return who must go so that `resources` fit, as few as can be and the first ones if it is all the same.

    None when even all of them would not be enough. The cards `other_than` are of no use.
    """
    trial = capacity.copy()

    def fits() -> bool:
        return trial.find(kind, resources, other_than=other_than) is not None

    chosen: list[Allocation] = []
    for candidate in candidates:
        if fits():
            break
        trial.give_back(candidate)
        chosen.append(candidate)
    if not fits():
        return None
    # Those before the last may have had nothing of what was missing.
    for candidate in reversed(chosen[:-1]):
        trial.take(candidate)
        if not fits():
            trial.give_back(candidate)
        else:
            chosen.remove(candidate)
    return chosen
