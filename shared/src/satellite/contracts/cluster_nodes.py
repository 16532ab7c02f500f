"""What a cluster has and has free, as heartbeats and reports say it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field

from satellite.contracts.cluster_needs import ClusterName, ClusterNeeds
from satellite.contracts.message import Message
from satellite.contracts.requires import is_of_kind
from satellite.contracts.worker_class import ClassCard, ClassNode

MIB_OF_GIB = 1_024


class ClusterState(StrEnum):
    """How a cluster is; whatever it is, jobs that are there go on."""

    READY = "ready"
    UNREACHABLE = "unreachable"
    """It does not answer; it is asked again for ever."""
    UNTRUSTED = "untrusted"
    """A host has shown another key than the confirmed ones."""
    REFUSED = "refused"
    """It does not let us in; it is not asked again before something was changed."""
    UNCONFIRMED = "unconfirmed"
    """Nobody has said yet that its host keys are right."""


class ClusterCard(Message):
    """A graphics card of a node."""

    uuid: str
    index: int = 0
    name: str = ""
    memory_mib: int = 0
    memory_used_mib: int = 0
    holder: str | None = Field(default=None, description="Who uses it: a job of ours by number, or others.")


class ClusterNode(Message):
    """A machine of a cluster."""

    name: str
    cpus: float = 0
    memory_mib: int = 0
    cards: list[ClusterCard] = Field(default=[])

    @property
    def make(self) -> ClassNode:
        """Return what placement looks at."""
        cards = [ClassCard(name=card.name, memory_mib=card.memory_mib) for card in self.cards]
        return ClassNode(
            cpus=self.cpus,
            memory_mib=self.memory_mib,
            cards=tuple(sorted(cards, key=lambda card: (card.name, card.memory_mib))),
        )

    def free_cards(self, needs: ClusterNeeds, kind: str | None) -> int:
        """Return how many cards nobody holds that a job could have."""
        return sum(
            card.holder is None
            and card.memory_mib >= (needs.gpu_memory_mib or 0)
            and (kind is None or is_of_kind(card.name, kind))
            for card in self.cards
        )


class ClusterRoom(Message):
    """What the heartbeat of a cluster's worker says of the cluster."""

    name: ClusterName
    state: ClusterState = ClusterState.READY
    nodes: list[ClusterNode] = Field(default=[])
    disk_free_mib: int | None = None
    waiting: int = Field(default=0, ge=0, description="Jobs that are there and wait for cards.")

    @property
    def makes(self) -> list[ClassNode]:
        """Return one node of each make, in one order only."""
        return sorted({node.make for node in self.nodes}, key=lambda node: node.model_dump_json())

    def free_cards(self, needs: ClusterNeeds, kind: str | None) -> int:
        """Return the most cards that are free on one node."""
        return max((node.free_cards(needs, kind) for node in self.nodes), default=0)

    def refusals(self, needs: ClusterNeeds) -> Iterator[str]:
        """Yield why nothing is sent there now, to be read after its name."""
        if self.state is not ClusterState.READY:
            yield f"is {self.state}"
        if needs.disk_mib and self.disk_free_mib is not None and self.disk_free_mib < needs.disk_mib:
            free, wanted = (f"{size / MIB_OF_GIB:.3g}" for size in (self.disk_free_mib, needs.disk_mib))
            yield f"has {free} GiB disk free of {wanted}"
