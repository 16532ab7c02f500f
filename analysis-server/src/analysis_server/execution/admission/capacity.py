"""Memory and graphics cards, and how many servers and spares there may be: what of it is free."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Self

from analysis_server.execution.admission.allocation import Allocation, AllocationKind
from analysis_server.runtimes.residents import ResidentLimits
from satellite.contracts.plugin_manifest import PluginResources
from satellite.contracts.worker import GPUCard

SHARE_SLACK = 1e-9


@dataclass(slots=True, kw_only=True)
class Card:
    """A graphics card and what of it is free."""

    memory_mib: int
    free_memory_mib: int
    free_share: float = 1.0

    def memory_for(self, resources: PluginResources) -> int:
        """Return the memory a plugin gets of this card; without a wish, its share of it."""
        return resources.gpu_memory_mib or int(self.memory_mib * share_of(resources))

    def fits(self, resources: PluginResources) -> bool:
        """Tell whether a plugin that needs one card, or a part of it, fits now."""
        return (
            self.free_share + SHARE_SLACK >= share_of(resources)
            and self.free_memory_mib >= self.memory_for(resources)
        )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Capacity:
    """What is free. CPUs are counted elsewhere: what only stands by uses none."""

    memory_mib: int
    cards: dict[str, Card]
    limits: ResidentLimits
    servers: int = 0
    servers_memory_mib: int = 0
    spares: int = 0

    @classmethod
    def whole(
        cls, *, memory_mib: int, cards: Sequence[GPUCard], limits: ResidentLimits | None = None
    ) -> Self:
        """Return the capacity of an empty worker."""
        return cls(
            memory_mib=memory_mib,
            cards={
                card.uuid: Card(memory_mib=card.memory_mib, free_memory_mib=card.memory_mib) for card in cards
            },
            limits=limits or ResidentLimits(),
        )

    def find(
        self, kind: AllocationKind, resources: PluginResources, *, other_than: Collection[str] = ()
    ) -> tuple[str, ...] | None:
        """Return the cards to take now, none for a plugin without; None when something is lacking.

        The cards `other_than` are not considered.
        """
        if not self.has_place_for(kind, resources) or self.memory_mib < resources.memory_mib:
            return None
        if not resources.gpus:
            return ()
        fitting = [
            uuid for uuid, card in self.cards.items() if uuid not in other_than and card.fits(resources)
        ]
        # The fullest card that fits, so that whole cards stay free for those who need whole ones.
        fitting.sort(key=lambda uuid: self.cards[uuid].free_share)
        count = max(1, int(resources.gpus))
        return tuple(fitting[:count]) if len(fitting) >= count else None

    def has_place_for(self, kind: AllocationKind, resources: PluginResources) -> bool:
        """Tell whether the limits allow one more of this kind; the only server may have any size."""
        if kind is AllocationKind.SPARE:
            return self.spares < self.limits.spares_max
        if kind is not AllocationKind.SERVER or not self.servers:
            return True
        most_mib = self.limits.servers_memory_mib
        return self.servers < self.limits.servers_max and (
            most_mib is None or self.servers_memory_mib + resources.memory_mib <= most_mib
        )

    def take(self, allocation: Allocation) -> None:
        """Note that an allocation begins."""
        self._change(allocation, 1)

    def give_back(self, allocation: Allocation) -> None:
        """Note that an allocation is over."""
        self._change(allocation, -1)

    def copy(self) -> Capacity:
        """Return a copy to try things on."""
        return replace(self, cards={uuid: replace(card) for uuid, card in self.cards.items()})

    def _change(self, allocation: Allocation, sign: int) -> None:
        resources = allocation.resources
        self.memory_mib -= sign * resources.memory_mib
        for uuid in allocation.gpu_ids:
            card = self.cards[uuid]
            card.free_share -= sign * share_of(resources)
            card.free_memory_mib -= sign * card.memory_for(resources)
        if allocation.kind is AllocationKind.SERVER:
            self.servers += sign
            self.servers_memory_mib += sign * resources.memory_mib
        elif allocation.kind is AllocationKind.SPARE:
            self.spares += sign


def share_of(resources: PluginResources) -> float:
    """Return which part of each of its cards a plugin takes."""
    return min(resources.gpus, 1.0)
