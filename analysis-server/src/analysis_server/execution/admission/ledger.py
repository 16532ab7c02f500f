"""The ledger: an attempt runs once this worker has room for what its plugin asks for.

Own bookkeeping instead of Ray resources, see `docs/decisions/0005-own-admission-beside-ray.md`; what stays
loaded after its jobs is on the books too, see `docs/decisions/0011-what-stands-holds-its-room.md`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence

from analysis_server.execution.admission import waiting_line
from analysis_server.execution.admission.allocation import Allocation, AllocationKind
from analysis_server.execution.admission.allocation_table import AllocationTable
from analysis_server.execution.admission.eviction import EvictionPolicy
from analysis_server.execution.admission.waiting_line import WaitingAttempt, WaitingLine
from analysis_server.runtimes.residents import (
    Eviction,
    ResidentKey,
    ResidentLimits,
    Residents,
    SpareAllowance,
)
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.worker import GPUCard, WorkerResources

TRY_AGAIN_S = 0.5

EndResidents = Callable[[Eviction], Collection[ResidentKey]]
"""Ends what is to go, and returns the keys of which nothing is left."""


class ResourceLedger:
    """What a worker has and who has it: the one memory of what stays loaded, and of who waits.

    Servers and spares keep memory and cards while they stand idle. They are evicted when an attempt needs the
    room, and it is free only once they are really gone.
    """

    def __init__(
        self,
        *,
        cpus: float,
        memory_mib: int,
        cards: Sequence[GPUCard] = (),
        limits: ResidentLimits | None = None,
        evict: EndResidents = lambda eviction: (*eviction.servers, *eviction.spares),
    ) -> None:
        """Begin with everything free; `evict` is called without the lock and may take its time."""
        self._changed = threading.Condition()
        self._end_residents = evict
        self._line = WaitingLine()
        self._table = AllocationTable(cpus=cpus, memory_mib=memory_mib, cards=cards, limits=limits)
        self._policy = EvictionPolicy(self._table)

    def acquire(
        self, manifest: PluginManifest, resident: str, *, is_stopped: Callable[[], bool]
    ) -> Allocation | None:
        """Wait for room and take it; None when the attempt was stopped meanwhile."""
        waiting = WaitingAttempt(manifest=manifest, resident=resident)
        with self._changed:
            allocation = (None if self._line else self._take(waiting)) or self._table.join(resident)
            if allocation is not None:
                return allocation
            self._line.append(waiting)
        try:
            while isinstance(found := self._wait(waiting, is_stopped), list):
                self._evict(found)
            return found
        finally:
            with self._changed:
                self._line.remove(waiting)
                for server in self._table.servers:
                    server.closing = False
                self._changed.notify_all()

    def take_running(self, manifest: PluginManifest, resident: str, gpu_ids: Sequence[str]) -> Allocation:
        """Take the room of a job that runs on this machine already, whether or not it is free.

        So more may be taken than there is; nobody else is admitted then before it is free again.
        """
        with self._changed:
            return self._table.take_running(manifest, resident, gpu_ids)

    def release(self, allocation: Allocation) -> None:
        """Give back what `acquire` gave; a server keeps its memory and its cards."""
        with self._changed:
            self._table.give_back(allocation)
            if allocation.kind is AllocationKind.JOB:
                self._reserve()
            if self._line:
                self._changed.notify_all()

    def wake(self) -> None:
        """Let waiting attempts look whether they were stopped."""
        with self._changed:
            self._changed.notify_all()

    def spare_allowance(self) -> SpareAllowance:
        """Return where spares may stand by."""
        with self._changed:
            return self._table.spares.allowance()

    def settle(self, residents: Residents, *, asked_at: float) -> None:
        """Strike off what the executor no longer has, and nobody used since `asked_at`, when it was asked."""
        with self._changed:
            self._table.settle(residents, asked_at=asked_at)
            self._reserve()
            if self._line:
                self._changed.notify_all()

    def let_unused_give_way(self) -> None:
        """End what is used no longer, where a spare or one more replica of a plugin in use lacks the room.

        Calls the executor only if there are any, and not while an attempt waits: it would get the room.
        """
        self._let_go(lambda: [] if self._line else self._policy.for_later())

    def relieve_memory(self) -> None:
        """End the spares of the plugin used least recently, because the machine is short of memory."""
        self._let_go(self._table.spares.oldest)

    def total(self) -> WorkerResources:
        """Return what this worker has."""
        return self._table.describe_whole()

    def free(self) -> WorkerResources:
        """Return what is free now; what only stands by counts as taken."""
        with self._changed:
            return self._table.describe_free()

    def _take(self, waiting: WaitingAttempt) -> Allocation | None:
        return self._table.take(waiting.manifest, waiting.resident, may_reserve=not self._line)

    def _reserve(self) -> None:
        """Set room aside for spares, of what nobody waits for."""
        if not self._line:
            self._table.spares.fill()

    def _wait(
        self, waiting: WaitingAttempt, is_stopped: Callable[[], bool]
    ) -> Allocation | list[Allocation] | None:
        """Return what was given, or who is to be evicted first; None when the attempt was stopped."""
        with self._changed:
            while not is_stopped():
                if (allocation := self._table.join(waiting.resident)) is not None:
                    return allocation
                is_first = self._line.is_first(waiting)
                if is_first and (allocation := self._take(waiting)) is not None:
                    return allocation
                if is_first and (victims := self._policy.for_waiting(waiting)):
                    _mark_leaving(victims)
                    return victims
                self._changed.wait(waiting_line.PATIENCE_S if is_first else None)
        return None

    def _let_go(self, choose: Callable[[], Sequence[Allocation]]) -> None:
        """Evict what is chosen with the lock held, though no attempt waits for it."""
        with self._changed:
            victims = choose()
            _mark_leaving(victims)
        if victims:
            self._evict(victims)
            with self._changed:
                self._reserve()

    def _evict(self, victims: Sequence[Allocation]) -> None:
        with self._changed:
            eviction = Eviction(
                servers=tuple(each.key for each in victims if each.kind is AllocationKind.SERVER),
                spares=tuple({each.key for each in victims if each.kind is AllocationKind.SPARE}),
                allowance=self._table.spares.allowance(),
            )
        gone: Collection[ResidentKey] = ()
        try:
            gone = self._end_residents(eviction)
        finally:
            with self._changed:
                for victim in victims:
                    victim.leaving = False
                    if victim.key in gone:
                        self._table.strike_off(victim)
                self._changed.notify_all()
                if not gone:
                    self._changed.wait(TRY_AGAIN_S)


def _mark_leaving(victims: Sequence[Allocation]) -> None:
    for victim in victims:
        victim.leaving = True
