"""What of a worker is free, and who has the rest."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from analysis_server.execution.admission.allocation import Allocation, AllocationKind, kind_for
from analysis_server.execution.admission.capacity import Capacity
from analysis_server.execution.admission.server_allocations import ServerAllocations
from analysis_server.execution.admission.spare_reservations import SpareReservations
from analysis_server.runtimes.residents import ResidentLimits, Residents
from analysis_server.runtimes.standby.pool import has_spares
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.worker import GPUCard, WorkerResources

CPU_SLACK = 1e-9


class AllocationTable:
    """Gives what there is now, and takes it back. Guarded by the lock of the ledger."""

    def __init__(
        self, *, cpus: float, memory_mib: int, cards: Sequence[GPUCard], limits: ResidentLimits | None
    ) -> None:
        """Begin with everything free."""
        self._cpus = cpus
        self._cpus_of_jobs = 0.0
        self._whole = Capacity.whole(memory_mib=memory_mib, cards=cards, limits=limits)
        self.free = self._whole.copy()
        self.servers = ServerAllocations()
        self.spares = SpareReservations(self.free)

    def join(self, resident: str) -> Allocation | None:
        """Use a server that is busy anyway, which takes nothing more; None where there is none."""
        plugin = self.servers.find(resident)
        if plugin is None or plugin.cpus_of_one_more:
            return None
        server = plugin.least_busy(with_closing=False)
        if server is not None:
            server.holders += 1
        return server

    def take(self, manifest: PluginManifest, resident: str, *, may_reserve: bool) -> Allocation | None:
        """Take what there is room for now; None when something is lacking.

        `may_reserve` tells whether room for spares may be set aside, because nobody waits for it.
        """
        if self.cpus_lacking(manifest, resident) > 0:
            return None
        if kind_for(manifest) is AllocationKind.SERVER:
            allocation = self._take_server(manifest, resident)
        else:
            allocation = self._take_for_job(manifest, resident, may_reserve=may_reserve)
        if allocation is not None:
            allocation.holders += 1
        return allocation

    def take_running(self, manifest: PluginManifest, resident: str, gpu_ids: Collection[str]) -> Allocation:
        """Note a job that runs already, whether or not there is room for it."""
        job = Allocation(
            kind=AllocationKind.JOB,
            resident=resident,
            resources=manifest.resources,
            gpu_ids=tuple(uuid for uuid in gpu_ids if uuid in self.free.cards),
            holders=1,
        )
        self.free.take(job)
        self._cpus_of_jobs += manifest.resources.cpus
        if has_spares(manifest):
            self.spares.job_began(job, manifest)
        return job

    def give_back(self, allocation: Allocation) -> None:
        """Note that a job is over; a server keeps its memory and its cards."""
        allocation.holders -= 1
        allocation.used_at = time.monotonic()
        if allocation.kind is AllocationKind.JOB:
            self._cpus_of_jobs -= allocation.resources.cpus
            self.free.give_back(allocation)
            self.spares.job_ended(allocation)

    def strike_off(self, allocation: Allocation) -> None:
        """Note that nothing is left of a server or a spare."""
        if allocation.kind is AllocationKind.SERVER:
            self.free.give_back(allocation)
            self.servers.remove(allocation)
        else:
            self.spares.strike_off(allocation)

    def settle(self, residents: Residents, *, asked_at: float) -> None:
        """Strike off what the executor no longer has, and nobody used since `asked_at`, when it was asked."""
        present = {server.key for server in residents.servers}
        for server in list(self.servers):
            if server.is_idle and server.used_at < asked_at and server.key not in present:
                self.strike_off(server)
        self.spares.forget_all_but({each.key[0] for each in residents.spares}, asked_at=asked_at)

    @property
    def free_cpus(self) -> float:
        """Return how many CPUs no job uses."""
        return self._cpus - self._cpus_of_jobs - self.servers.cpus

    def cpus_lacking(self, manifest: PluginManifest, resident: str) -> float:
        """Return how many CPUs are missing for one more job of a plugin; 0 or less if there are enough."""
        plugin = self.servers.find(resident)
        needed = manifest.resources.cpus if plugin is None else plugin.cpus_of_one_more
        return needed - self.free_cpus - CPU_SLACK if needed else 0.0

    def describe_whole(self) -> WorkerResources:
        """Return what the worker has."""
        return _described(self._cpus, self._whole)

    def describe_free(self) -> WorkerResources:
        """Return what is free now; what only stands by counts as taken."""
        return _described(self.free_cpus, self.free)

    def _take_server(self, manifest: PluginManifest, resident: str) -> Allocation | None:
        plugin = self.servers.find(resident)
        least_busy = plugin.least_busy(with_closing=True) if plugin else None
        if least_busy is not None and not least_busy.holders:
            return least_busy
        has_cpus = manifest.resources.cpus <= self.free_cpus + CPU_SLACK
        if plugin is not None and not (plugin.may_grow and has_cpus):
            return least_busy
        cards_in_use = plugin.gpu_ids if plugin else ()
        replica = self._new(AllocationKind.SERVER, manifest, resident, other_than=cards_in_use)
        if replica is not None:
            self.servers.add(replica, manifest)
        return replica or least_busy

    def _take_for_job(
        self, manifest: PluginManifest, resident: str, *, may_reserve: bool
    ) -> Allocation | None:
        job = self.spares.take_over(resident) or self._new(AllocationKind.JOB, manifest, resident)
        if job is None:
            return None
        self._cpus_of_jobs += manifest.resources.cpus
        if has_spares(manifest):
            self.spares.job_began(job, manifest)
            if may_reserve:
                self.spares.fill()
            job.spare_allowance = self.spares.allowance()
        return job

    def _new(
        self,
        kind: AllocationKind,
        manifest: PluginManifest,
        resident: str,
        *,
        other_than: Collection[str] = (),
    ) -> Allocation | None:
        gpu_ids = self.free.find(kind, manifest.resources, other_than=other_than)
        if gpu_ids is None:
            return None
        allocation = Allocation(kind=kind, resident=resident, resources=manifest.resources, gpu_ids=gpu_ids)
        self.free.take(allocation)
        return allocation


def _described(cpus: float, capacity: Capacity) -> WorkerResources:
    return WorkerResources(
        cpus=cpus,
        memory_mib=capacity.memory_mib,
        gpus=round(sum(card.free_share for card in capacity.cards.values()), 3),
        gpu_memory_mib=max((card.free_memory_mib for card in capacity.cards.values()), default=0),
    )
