"""Memory and graphics cards: what of them is free, and who could go to make more of it free."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self, TypeVar

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


class Taker(Protocol):
    """What takes room: so much of it, on these cards."""

    @property
    def resources(self) -> PluginResources:
        """Return what it takes."""

    @property
    def gpu_ids(self) -> tuple[str, ...]:
        """Return the cards that it takes it of."""


TakerT = TypeVar("TakerT", bound=Taker)


@dataclass(slots=True, kw_only=True)
class Room:
    """What is free. CPUs are counted elsewhere: what only stands by uses none."""

    memory_mib: int
    cards: dict[str, Card]

    @classmethod
    def whole(cls, *, memory_mib: int, cards: Sequence[GPUCard]) -> Self:
        """Return the room of an empty worker."""
        return cls(
            memory_mib=memory_mib,
            cards={
                card.uuid: Card(memory_mib=card.memory_mib, free_memory_mib=card.memory_mib) for card in cards
            },
        )

    def find(self, resources: PluginResources) -> tuple[str, ...] | None:
        """Return the cards to take now, none for a plugin without; None when there is no room."""
        if self.memory_mib < resources.memory_mib:
            return None
        if not resources.gpus:
            return ()
        fitting = [uuid for uuid, card in self.cards.items() if card.fits(resources)]
        # The fullest card that fits, so that whole cards stay free for those who need whole ones.
        fitting.sort(key=lambda uuid: self.cards[uuid].free_share)
        count = max(1, int(resources.gpus))
        return tuple(fitting[:count]) if len(fitting) >= count else None

    def take(self, taker: Taker) -> None:
        """Note that something takes its room."""
        self._change(taker, -1)

    def give_back(self, taker: Taker) -> None:
        """Note that something has left its room."""
        self._change(taker, +1)

    def copy(self) -> Room:
        """Return a copy to try things on."""
        return Room(
            memory_mib=self.memory_mib, cards={uuid: replace(card) for uuid, card in self.cards.items()}
        )

    def _change(self, taker: Taker, sign: int) -> None:
        resources = taker.resources
        self.memory_mib += sign * resources.memory_mib
        for uuid in taker.gpu_ids:
            card = self.cards[uuid]
            card.free_share += sign * share_of(resources)
            card.free_memory_mib += sign * card.memory_for(resources)


def share_of(resources: PluginResources) -> float:
    """Return which part of each of its cards a plugin takes."""
    return min(resources.gpus, 1.0)


def choose_victims(
    resources: PluginResources, *, room: Room, candidates: Iterable[TakerT]
) -> list[TakerT] | None:
    """Return who must go so that `resources` fit, as few as can be and the first ones if it is all the same.

    None when even all of them would not be enough.
    """
    trial = room.copy()
    chosen: list[TakerT] = []
    for candidate in candidates:
        if trial.find(resources) is not None:
            break
        trial.give_back(candidate)
        chosen.append(candidate)
    if trial.find(resources) is None:
        return None
    # Those before the last may have had nothing of what was missing.
    for candidate in reversed(chosen[:-1]):
        trial.take(candidate)
        if trial.find(resources) is None:
            trial.give_back(candidate)
        else:
            chosen.remove(candidate)
    return chosen
