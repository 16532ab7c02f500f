"""The room that is kept for spares, of what nobody waits for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from analysis_server.execution.admission.allocation import Allocation, AllocationKind
from analysis_server.execution.admission.capacity import Capacity
from analysis_server.runtimes.residents import SpareAllowance
from satellite.contracts.plugin_manifest import PluginManifest


@dataclass(slots=True, kw_only=True, eq=False)
class Reservation:
    """The room that is kept for spares of one plugin."""

    manifest: PluginManifest
    spares: list[Allocation] = field(default_factory=list)
    wished: int = 0
    """How many it should be; fewer than in the manifest after an eviction, until the next job."""
    jobs: int = 0
    """Jobs of the plugin that run now."""
    used_at: float = field(default_factory=time.monotonic)

    @property
    def is_short(self) -> bool:
        """Tell whether it has fewer than it should."""
        return len(self.spares) < self.wished

    def note_use(self, at: float) -> None:
        """Note when a job of the plugin began or ended, in monotonic seconds."""
        self.used_at = at
        for spare in self.spares:
            spare.used_at = at


class SpareReservations:
    """The reservations by their `resident`. Guarded by the lock of the ledger."""

    def __init__(self, free: Capacity) -> None:
        """Reserve nothing yet; what is reserved later is taken of `free`."""
        self._free = free
        self._reservations: dict[str, Reservation] = {}
        self._serial = 0

    def __iter__(self) -> Iterator[Allocation]:
        """Go through all spares."""
        return (spare for each in self._reservations.values() for spare in each.spares)

    def allowance(self) -> SpareAllowance:
        """Return how many spares may stand by from now on."""
        self._serial += 1
        counts = Counter(spare.key for spare in self if not spare.leaving)
        return SpareAllowance(serial=self._serial, counts=dict(counts))

    def take_over(self, resident: str) -> Allocation | None:
        """Turn the allocation of a spare into that of the job that will use it."""
        reservation = self._reservations.get(resident)
        if reservation is None:
            return None
        spare = next((each for each in reservation.spares if not each.leaving), None)
        if spare is not None:
            reservation.spares.remove(spare)
            self._free.give_back(spare)
            spare.kind = AllocationKind.JOB
            self._free.take(spare)
        return spare

    def job_began(self, job: Allocation, manifest: PluginManifest) -> None:
        """Note a job of a plugin that wishes for spares."""
        reservation = self._reservations.setdefault(job.resident, Reservation(manifest=manifest))
        reservation.jobs += 1
        reservation.wished = manifest.standby
        reservation.note_use(time.monotonic())

    def job_ended(self, job: Allocation) -> None:
        """Note that a job is over."""
        reservation = self._reservations.get(job.resident)
        if reservation is not None:
            reservation.jobs -= 1
            reservation.note_use(job.used_at)

    def fill(self) -> None:
        """Set room aside, for the plugins used last first."""
        for resident, reservation in sorted(
            self._reservations.items(), key=lambda each: each[1].used_at, reverse=True
        ):
            resources = reservation.manifest.resources
            while reservation.is_short:
                gpu_ids = self._free.find(AllocationKind.SPARE, resources)
                if gpu_ids is None:
                    break
                spare = Allocation(
                    kind=AllocationKind.SPARE, resident=resident, resources=resources, gpu_ids=gpu_ids
                )
                self._free.take(spare)
                reservation.spares.append(spare)

    def short(self) -> Reservation | None:
        """Return the reservation used last of those that lack room."""
        short = [each for each in self._reservations.values() if each.is_short]
        return max(short, key=lambda each: each.used_at, default=None)

    def unused(self) -> list[Allocation]:
        """Return the spares of plugins of which no job runs."""
        reservations = [each for each in self._reservations.values() if not each.jobs]
        return [spare for each in reservations for spare in each.spares if not spare.leaving]

    def oldest(self) -> list[Allocation]:
        """Return the spares of the plugin whose last job is longest ago."""
        filled = [each for each in self._reservations.values() if any(not s.leaving for s in each.spares)]
        if not filled:
            return []
        oldest = min(filled, key=lambda each: each.used_at)
        return [spare for spare in oldest.spares if not spare.leaving]

    def strike_off(self, spare: Allocation) -> None:
        """Give back what a spare had, and wish for no other in its stead before the next job."""
        reservation = self._reservations[spare.resident]
        self._free.give_back(spare)
        reservation.spares.remove(spare)
        reservation.wished = len(reservation.spares)

    def forget_all_but(self, present: Collection[str], *, asked_at: float) -> None:
        """Drop the reservations of plugins that have no spares, and were not used since `asked_at`."""
        for resident, reservation in list(self._reservations.items()):
            unused = not reservation.jobs and reservation.used_at < asked_at
            if unused and resident not in present and not any(each.leaving for each in reservation.spares):
                for spare in list(reservation.spares):
                    self.strike_off(spare)
                del self._reservations[resident]
