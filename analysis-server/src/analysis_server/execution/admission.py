"""Admission: an attempt runs once this worker has room for what its plugin asks for.

Own bookkeeping instead of Ray resources, see `docs/decisions/0005-own-admission-beside-ray.md`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from satellite.contracts.plugin_manifest import PluginManifest, PluginMode, PluginResources
from satellite.contracts.worker import GPUCard, WorkerResources


@dataclass(slots=True)
class Card:
    """A graphics card and what of it is given away."""

    uuid: str
    memory_mib: int
    free_share: float = 1.0
    free_memory_mib: int = 0

    def __post_init__(self) -> None:
        """Begin free."""
        self.free_memory_mib = self.memory_mib

    def memory_for(self, resources: PluginResources) -> int:
        """Return the memory a plugin gets of this card; without a wish, its share of it."""
        share = min(resources.gpus, 1.0)
        return resources.gpu_memory_mib or int(self.memory_mib * share)

    def fits(self, resources: PluginResources) -> bool:
        """Tell whether a plugin that needs one card, or a part of it, fits now."""
        return self.free_share + 1e-9 >= min(resources.gpus, 1.0) and self.free_memory_mib >= self.memory_for(
            resources
        )


@dataclass(slots=True)
class Grant:
    """What was given to an attempt, or to a server plugin that several attempts share."""

    resources: PluginResources
    cards: list[Card] = field(default_factory=list)
    holders: int = 1

    @property
    def gpu_ids(self) -> tuple[str, ...]:
        """Return the ids of the cards."""
        return tuple(card.uuid for card in self.cards)


class ResourceLedger:
    """What a worker has and what of it is free; first come, first served, so that nothing starves."""

    def __init__(self, *, cpus: float, memory_mib: int, cards: Sequence[GPUCard] = ()) -> None:
        """Begin with everything free."""
        self._changed = threading.Condition()
        self._total_cpus, self._total_memory_mib = cpus, memory_mib
        self._free_cpus, self._free_memory_mib = cpus, memory_mib
        self._cards = [Card(card.uuid, card.memory_mib) for card in cards]
        self._queue: deque[object] = deque()
        self._shared: dict[str, Grant] = {}

    def can_ever_fit(self, resources: PluginResources) -> bool:
        """Tell whether this worker, when idle, has what the plugin asks for."""
        fitting = [card for card in self._cards if card.memory_mib >= card.memory_for(resources)]
        return (
            resources.cpus <= self._total_cpus
            and resources.memory_mib <= self._total_memory_mib
            and (not resources.gpus or len(fitting) >= max(1, resources.gpus))
        )

    def acquire(
        self, manifest: PluginManifest, digest: str, *, is_stopped: Callable[[], bool]
    ) -> Grant | None:
        """Wait for room and take it; None when the attempt was stopped meanwhile."""
        is_shared = manifest.mode is PluginMode.SERVER
        ticket = object()
        with self._changed:
            shared = self._shared.get(digest) if is_shared else None
            if shared is not None:
                shared.holders += 1
                return shared
            self._queue.append(ticket)
            try:
                return self._wait(manifest.resources, digest if is_shared else None, ticket, is_stopped)
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def release(self, grant: Grant) -> None:
        """Give back what `acquire` took."""
        with self._changed:
            grant.holders -= 1
            if grant.holders:
                return
            self._shared = {digest: one for digest, one in self._shared.items() if one is not grant}
            self._free_cpus += grant.resources.cpus
            self._free_memory_mib += grant.resources.memory_mib
            for card in grant.cards:
                card.free_share += min(grant.resources.gpus, 1.0)
                card.free_memory_mib += card.memory_for(grant.resources)
            self._changed.notify_all()

    def wake(self) -> None:
        """Let waiting attempts look whether they were stopped."""
        with self._changed:
            self._changed.notify_all()

    def total(self) -> WorkerResources:
        """Return what this worker has."""
        return WorkerResources(
            cpus=self._total_cpus,
            memory_mib=self._total_memory_mib,
            gpus=len(self._cards),
            gpu_memory_mib=max((card.memory_mib for card in self._cards), default=0),
        )

    def free(self) -> WorkerResources:
        """Return what is free now."""
        with self._changed:
            return WorkerResources(
                cpus=self._free_cpus,
                memory_mib=self._free_memory_mib,
                gpus=round(sum(card.free_share for card in self._cards), 3),
                gpu_memory_mib=max((card.free_memory_mib for card in self._cards), default=0),
            )

    def _wait(
        self, resources: PluginResources, digest: str | None, ticket: object, is_stopped: Callable[[], bool]
    ) -> Grant | None:
        while not is_stopped():
            if digest is not None and digest in self._shared:
                shared = self._shared[digest]
                shared.holders += 1
                return shared
            if self._queue[0] is ticket and (cards := self._cards_for(resources)) is not None:
                return self._take(resources, cards, digest)
            self._changed.wait()
        return None

    def _take(self, resources: PluginResources, cards: list[Card], digest: str | None) -> Grant:
        grant = Grant(resources=resources, cards=cards)
        self._free_cpus -= resources.cpus
        self._free_memory_mib -= resources.memory_mib
        for card in cards:
            card.free_share -= min(resources.gpus, 1.0)
            card.free_memory_mib -= card.memory_for(resources)
        if digest is not None:
            self._shared[digest] = grant
        return grant

    def _cards_for(self, resources: PluginResources) -> list[Card] | None:
        """Return the cards to take now, none for a plugin without; None when there is no room."""
        if self._free_cpus + 1e-9 < resources.cpus or self._free_memory_mib < resources.memory_mib:
            return None
        count = 0 if not resources.gpus else max(1, int(resources.gpus))
        # The fullest card that fits, so that whole cards stay free for those who need whole ones.
        fitting = sorted((card for card in self._cards if card.fits(resources)), key=lambda c: c.free_share)
        return fitting[:count] if len(fitting) >= count else None
