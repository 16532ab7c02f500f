"""Admission: an attempt runs once this worker has room for what its plugin asks for.

Own bookkeeping instead of Ray resources, see `docs/decisions/0005-own-admission-beside-ray.md`; what stays
loaded after its jobs is on the books too, see `docs/decisions/0011-what-stands-holds-its-room.md`.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from analysis_server.execution.grants import Grant, GrantKind, Reserve
from analysis_server.execution.room import Room, choose_victims
from analysis_server.runtimes.standby.pool import has_spares
from analysis_server.runtimes.standby.precedence import those_that_give_way
from analysis_server.runtimes.standing import Eviction, PluginPlace, SpareRoom, Standing
from satellite.contracts.plugin_manifest import PluginManifest, PluginMode, PluginResources
from satellite.contracts.worker import GPUCard, WorkerResources

PATIENCE_S = 10.0
"""After so long the first of those who wait may have busy servers closed, or they would never be idle."""
TRY_AGAIN_S = 0.5
CPU_SLACK = 1e-9

RoomMaker = Callable[[Eviction], Collection[PluginPlace]]
"""Ends what is to go, and returns the places where nothing is left of it."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Waiting:
    manifest: PluginManifest
    digest: str
    since: float = field(default_factory=time.monotonic)


class ResourceLedger:
    """What a worker has and who has it; first come, first served, so that nothing starves.

    Servers and spares keep memory and cards while they stand idle. They are evicted, the least recently used
    first, when an attempt needs the room, and it is free only once they are really gone.
    """

    def __init__(
        self,
        *,
        cpus: float,
        memory_mib: int,
        cards: Sequence[GPUCard] = (),
        make_room: RoomMaker = lambda eviction: (*eviction.servers, *eviction.spares),
    ) -> None:
        """Begin with everything free; `make_room` is called without the lock and may take its time."""
        self._changed = threading.Condition()
        self._total_cpus = self._free_cpus = cpus
        self._whole = Room.whole(memory_mib=memory_mib, cards=cards)
        self._room = self._whole.copy()
        self._make_room = make_room
        self._queue: deque[_Waiting] = deque()
        self._servers: dict[str, Grant] = {}
        self._reserves: dict[str, Reserve] = {}
        self._serial = 0

    def can_ever_fit(self, resources: PluginResources) -> bool:
        """Tell whether this worker, when idle, has what the plugin asks for."""
        return resources.cpus <= self._total_cpus and self._whole.find(resources) is not None

    def acquire(
        self, manifest: PluginManifest, digest: str, *, is_stopped: Callable[[], bool]
    ) -> Grant | None:
        """Wait for room and take it; None when the attempt was stopped meanwhile."""
        waiting = _Waiting(manifest=manifest, digest=digest)
        with self._changed:
            grant = self._join(waiting) or (None if self._queue else self._take(waiting))
            if grant is not None:
                return grant
            self._queue.append(waiting)
        try:
            while isinstance(found := self._wait(waiting, is_stopped), list):
                self._evict(found)
            return found
        finally:
            with self._changed:
                self._queue.remove(waiting)
                for server in self._servers.values():
                    server.closing = False
                self._changed.notify_all()

    def release(self, grant: Grant) -> None:
        """Give back what `acquire` gave; a server keeps its memory and its cards."""
        with self._changed:
            grant.holders -= 1
            grant.used_at = time.monotonic()
            if grant.holders:
                return
            self._free_cpus += grant.resources.cpus
            if grant.kind is GrantKind.JOB:
                self._room.give_back(grant)
                if (reserve := self._reserves.get(grant.digest)) is not None:
                    reserve.jobs -= 1
                    reserve.used_at = grant.used_at
                self._fill_reserves()
            if self._queue:
                self._changed.notify_all()

    def wake(self) -> None:
        """Let waiting attempts look whether they were stopped."""
        with self._changed:
            self._changed.notify_all()

    def spare_room(self) -> SpareRoom:
        """Return where spares may stand by."""
        with self._changed:
            return self._spare_room()

    def settle(self, standing: Standing, *, asked_at: float) -> None:
        """Strike off what the executor no longer has, and nobody used since `asked_at`, when it was asked."""
        servers = {server.place for server in standing.servers}
        shelves = {shelf.place[0] for shelf in standing.spares}
        with self._changed:
            for grant in list(self._servers.values()):
                if grant.is_idle and grant.used_at < asked_at and grant.place not in servers:
                    self._strike_off(grant)
            for digest, reserve in list(self._reserves.items()):
                unused = not reserve.jobs and reserve.used_at < asked_at
                if unused and digest not in shelves and not any(each.leaving for each in reserve.spares):
                    for spare in list(reserve.spares):
                        self._strike_off(spare)
                    del self._reserves[digest]
            self._fill_reserves()
            if self._queue:
                self._changed.notify_all()

    def let_spares_give_way(self) -> None:
        """End spares of plugins that are used no longer, where those of one used since lack the room.

        Calls the executor only if there are any, and not while an attempt waits: it would get the room.
        """
        with self._changed:
            victims = [] if self._queue else self._outdated_spares()
            for victim in victims:
                victim.leaving = True
        if victims:
            self._evict(victims)
            with self._changed:
                self._fill_reserves()

    def total(self) -> WorkerResources:
        """Return what this worker has."""
        return _described(self._total_cpus, self._whole)

    def free(self) -> WorkerResources:
        """Return what is free now; what only stands by counts as taken."""
        with self._changed:
            return _described(self._free_cpus, self._room)

    def _join(self, waiting: _Waiting) -> Grant | None:
        """Use a server that is busy anyway."""
        server = self._servers.get(waiting.digest)
        if server is None or not server.holders or server.closing:
            return None
        server.holders += 1
        return server

    def _take(self, waiting: _Waiting) -> Grant | None:
        """Take what there is room for now."""
        manifest, digest = waiting.manifest, waiting.digest
        if self._free_cpus + CPU_SLACK < manifest.resources.cpus:
            return None
        if manifest.mode is PluginMode.SERVER:
            grant = self._servers.get(digest) or self._new(GrantKind.SERVER, manifest, digest)
            if grant is None or grant.leaving:
                return None
            self._servers[digest] = grant
        else:
            grant = self._from_reserve(digest) or self._new(GrantKind.JOB, manifest, digest)
            if grant is None:
                return None
            if has_spares(manifest):
                self._count_in(grant, manifest)
        self._free_cpus -= manifest.resources.cpus
        grant.holders += 1
        return grant

    def _new(self, kind: GrantKind, manifest: PluginManifest, digest: str) -> Grant | None:
        gpu_ids = self._room.find(manifest.resources)
        if gpu_ids is None:
            return None
        grant = Grant(kind=kind, digest=digest, resources=manifest.resources, gpu_ids=gpu_ids)
        self._room.take(grant)
        return grant

    def _from_reserve(self, digest: str) -> Grant | None:
        """Turn the grant of a spare into that of the job that will use it."""
        reserve = self._reserves.get(digest)
        spare = next((each for each in reserve.spares if not each.leaving), None) if reserve else None
        if reserve is not None and spare is not None:
            reserve.spares.remove(spare)
            spare.kind = GrantKind.JOB
        return spare

    def _count_in(self, grant: Grant, manifest: PluginManifest) -> None:
        """Note a job of a plugin that wants spares."""
        reserve = self._reserves.setdefault(grant.digest, Reserve(manifest=manifest))
        reserve.jobs += 1
        reserve.wished = manifest.standby
        reserve.used_at = time.monotonic()
        for spare in reserve.spares:
            spare.used_at = reserve.used_at
        self._fill_reserves()
        grant.spare_room = self._spare_room()

    def _fill_reserves(self) -> None:
        """Set room aside for spares, of what nobody waits for."""
        if self._queue:
            return
        for digest, reserve in self._reserves.items():
            while len(reserve.spares) < reserve.wished:
                spare = self._new(GrantKind.SPARE, reserve.manifest, digest)
                if spare is None:
                    break
                reserve.spares.append(spare)

    def _outdated_spares(self) -> list[Grant]:
        """Return the fewest that make room for one more spare of the plugin used last that lacks some."""
        lacking = [each for each in self._reserves.values() if len(each.spares) < each.wished]
        if not lacking:
            return []
        latest = max(lacking, key=lambda each: each.used_at)
        unused = [reserve for reserve in self._reserves.values() if not reserve.jobs]
        older = those_that_give_way(unused, wanted_at=latest.used_at)
        candidates = [spare for reserve in older for spare in reserve.spares if not spare.leaving]
        return choose_victims(latest.manifest.resources, room=self._room, candidates=candidates) or []

    def _spare_room(self) -> SpareRoom:
        self._serial += 1
        spares = [spare for reserve in self._reserves.values() for spare in reserve.spares]
        return SpareRoom(
            serial=self._serial, counts=dict(Counter(each.place for each in spares if not each.leaving))
        )

    def _wait(self, waiting: _Waiting, is_stopped: Callable[[], bool]) -> Grant | list[Grant] | None:
        """Return what was given, or who is to be evicted first; None when the attempt was stopped."""
        with self._changed:
            while not is_stopped():
                if (grant := self._join(waiting)) is not None:
                    return grant
                is_first = self._queue[0] is waiting
                if is_first and (grant := self._take(waiting)) is not None:
                    return grant
                if is_first and (victims := self._victims(waiting)):
                    for victim in victims:
                        victim.leaving = True
                    return victims
                self._changed.wait(PATIENCE_S if is_first else None)
        return None

    def _victims(self, waiting: _Waiting) -> list[Grant] | None:
        resources = waiting.manifest.resources
        is_patience_over = time.monotonic() - waiting.since >= PATIENCE_S
        if self._free_cpus + CPU_SLACK < resources.cpus:
            # What stands idle uses no CPUs, so there is nobody to evict.
            if is_patience_over:
                self._close_for_cpus(resources.cpus)
            return None
        if waiting.digest in self._servers:
            # A server that is there needs nothing else.
            return None
        spares = [spare for reserve in self._reserves.values() for spare in reserve.spares]
        standing = sorted((*self._servers.values(), *spares), key=lambda each: each.used_at)
        idle = [grant for grant in standing if grant.is_idle]
        victims = choose_victims(resources, room=self._room, candidates=idle)
        if victims is None and is_patience_over:
            for grant in choose_victims(resources, room=self._room, candidates=standing) or ():
                grant.closing = True
        return victims

    def _close_for_cpus(self, cpus: float) -> None:
        """Let busy servers end what they have, if that is enough; joined for ever, they never would."""
        missing = cpus - self._free_cpus - CPU_SLACK
        closing: list[Grant] = []
        for server in sorted(self._servers.values(), key=lambda each: each.used_at):
            if missing > 0 and server.holders:
                closing.append(server)
                missing -= server.resources.cpus
        if missing <= 0:
            for server in closing:
                server.closing = True

    def _evict(self, victims: list[Grant]) -> None:
        with self._changed:
            eviction = Eviction(
                servers=tuple(each.place for each in victims if each.kind is GrantKind.SERVER),
                spares=tuple({each.place for each in victims if each.kind is GrantKind.SPARE}),
                room=self._spare_room(),
            )
        gone: Collection[PluginPlace] = ()
        try:
            gone = self._make_room(eviction)
        finally:
            with self._changed:
                for victim in victims:
                    victim.leaving = False
                    if victim.place in gone:
                        self._strike_off(victim)
                self._changed.notify_all()
                if not gone:
                    self._changed.wait(TRY_AGAIN_S)

    def _strike_off(self, grant: Grant) -> None:
        self._room.give_back(grant)
        if grant.kind is GrantKind.SERVER:
            del self._servers[grant.digest]
        else:
            reserve = self._reserves[grant.digest]
            reserve.spares.remove(grant)
            reserve.wished = len(reserve.spares)


def _described(cpus: float, room: Room) -> WorkerResources:
    return WorkerResources(
        cpus=cpus,
        memory_mib=room.memory_mib,
        gpus=round(sum(card.free_share for card in room.cards.values()), 3),
        gpu_memory_mib=max((card.free_memory_mib for card in room.cards.values()), default=0),
    )
