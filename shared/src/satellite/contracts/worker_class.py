"""Worker classes: which worker can run what. Dispatch, `explain` and workers all ask here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict, Field

from satellite.contracts.cluster_needs import CLUSTER_LABEL, CLUSTER_RUNTIME, ClusterNeeds
from satellite.contracts.plugin_manifest import PluginResources
from satellite.contracts.requires import DEFAULT_QUEUE, Requires, is_of_kind

CPU_SLACK = 1e-9


class ClassCard(BaseModel):
    """A graphics card as far as placement looks at it."""

    model_config = ConfigDict(frozen=True)

    name: str = ""
    memory_mib: int = 0


class ClassNode(BaseModel):
    """A node of a cluster as far as placement looks at it; a job has all that it needs on one node."""

    model_config = ConfigDict(frozen=True)

    cpus: float = 0
    memory_mib: int = 0
    cards: Sequence[ClassCard] = ()

    def suitable_cards(self, needs: ClusterNeeds, kind: str | None) -> int:
        """Return how many cards are large enough; none where one is of another kind, as any may be given."""
        if kind and not all(is_of_kind(card.name, kind) for card in self.cards):
            return 0
        return sum(card.memory_mib >= (needs.gpu_memory_mib or 0) for card in self.cards)

    def has(self, needs: ClusterNeeds, kind: str | None) -> bool:
        """Tell whether a job fits on the node while it is idle."""
        return (
            self.cpus + CPU_SLACK >= (needs.cpus or 0)
            and self.memory_mib >= (needs.memory_mib or 0)
            and (not needs.gpus or self.suitable_cards(needs, kind) >= needs.gpus)
        )


class WorkerClass(BaseModel):
    """All that placement looks at of a worker when it is idle; workers of one class are interchangeable."""

    model_config = ConfigDict(frozen=True)

    queues: Sequence[str] = (DEFAULT_QUEUE,)
    runtimes: Sequence[str] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    cpus: float = 0
    memory_mib: int = 0
    cards: Sequence[ClassCard] = ()
    # Left out of workers that have none, so that their classes keep their names.
    nodes: Sequence[ClassNode] = Field(default=(), exclude_if=lambda nodes: not nodes)
    """Of a cluster, one of each make."""

    @property
    def is_cluster(self) -> bool:
        """Tell whether it is the worker of a cluster, which itself runs nothing."""
        return CLUSTER_RUNTIME in self.runtimes

    def digest(self) -> str:
        """Return what names the class; the same on every machine."""
        content = self.model_dump(mode="json")
        content["cards"].sort(key=lambda card: (card["name"], card["memory_mib"]))
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def can_run(self, requires: Requires, resources: PluginResources) -> bool:
        """Tell whether a worker of this class, when idle, may run and has room for an attempt."""
        return next(self.refusals(requires, resources), None) is None

    def refusals(self, requires: Requires, resources: PluginResources) -> Iterator[str]:
        """Yield each reason why not, to be read after the worker's name."""
        if self.is_cluster and requires.runtime != CLUSTER_RUNTIME:
            yield f"is a cluster, which takes only what requires the runtime {CLUSTER_RUNTIME}"
            return
        if requires.queue_name not in self.queues:
            yield f"does not serve the queue {requires.queue_name}"
        if requires.runtime is not None and requires.runtime not in self.runtimes:
            yield f"does not have the runtime {requires.runtime}"
        for key, value in requires.labels.items():
            if self.labels.get(key) != value:
                yield f"does not have the label {key}={value}"
        if self.is_cluster:
            yield from self._cluster_refusals((requires.cluster or ClusterNeeds()).or_of(resources), requires)
        else:
            yield from self._room_refusals(requires, resources)

    def _cluster_refusals(self, needs: ClusterNeeds, requires: Requires) -> Iterator[str]:
        if needs.name and self.labels.get(CLUSTER_LABEL) != needs.name:
            yield f"is not the cluster {needs.name}"
        kind = requires.gpu_kind if needs.gpus else None
        if any(node.has(needs, kind) for node in self.nodes):
            return
        lacking = list(self._lacking(needs, kind))
        yield from lacking or ["has no node that has all of that at once"]

    def _lacking(self, needs: ClusterNeeds, kind: str | None) -> Iterator[str]:
        """Yield what not even the largest node has."""
        cpus = max((node.cpus for node in self.nodes), default=0)
        if cpus + CPU_SLACK < (needs.cpus or 0):
            yield f"has {cpus:g} cpus on a node of {needs.cpus:g}"
        memory_mib = max((node.memory_mib for node in self.nodes), default=0)
        if memory_mib < (needs.memory_mib or 0):
            yield f"has {memory_mib} MiB memory on a node of {needs.memory_mib}"
        cards = max((node.suitable_cards(needs, kind) for node in self.nodes), default=0)
        if cards < (needs.gpus or 0):
            of_kind = f" of the kind {kind}" if kind else ""
            with_memory = f" with {needs.gpu_memory_mib} MiB" if needs.gpu_memory_mib else ""
            yield f"has {cards} gpus{of_kind}{with_memory} on a node of {needs.gpus}"

    def _room_refusals(self, requires: Requires, resources: PluginResources) -> Iterator[str]:
        if self.cpus + CPU_SLACK < resources.cpus:
            yield f"has {self.cpus:g} cpus of {resources.cpus:g}"
        if self.memory_mib < resources.memory_mib:
            yield f"has {self.memory_mib} MiB memory of {resources.memory_mib}"
        yield from self._card_refusals(requires, resources)

    def _card_refusals(self, requires: Requires, resources: PluginResources) -> Iterator[str]:
        if not resources.gpus:
            return
        wanted = max(1, int(resources.gpus))
        large = [card for card in self.cards if card.memory_mib >= resources.gpu_memory_mib]
        if len(large) < wanted:
            with_memory = f" with {resources.gpu_memory_mib} MiB" if resources.gpu_memory_mib else ""
            yield f"has {len(large)} gpus{with_memory} of {wanted}"
        kind = requires.gpu_kind
        # All of them, because a worker gives whichever of its cards is free.
        if kind and self.cards and not all(is_of_kind(card.name, kind) for card in self.cards):
            names = sorted({card.name or "unnamed" for card in self.cards})
            yield f"has cards of the kind {', '.join(names)} and not only of {kind}"
