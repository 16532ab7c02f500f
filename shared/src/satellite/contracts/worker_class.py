"""Worker classes: which worker can run what. Dispatch, `explain` and workers all ask here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict, Field

from satellite.contracts.plugin_manifest import PluginResources
from satellite.contracts.requires import DEFAULT_QUEUE, Requires, is_of_kind

CPU_SLACK = 1e-9


class ClassCard(BaseModel):
    """A graphics card as far as placement looks at it."""

    model_config = ConfigDict(frozen=True)

    name: str = ""
    memory_mib: int = 0


class WorkerClass(BaseModel):
    """All that placement looks at of a worker when it is idle; workers of one class are interchangeable."""

    model_config = ConfigDict(frozen=True)

    queues: Sequence[str] = (DEFAULT_QUEUE,)
    runtimes: Sequence[str] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    cpus: float = 0
    memory_mib: int = 0
    cards: Sequence[ClassCard] = ()

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
        if requires.queue_name not in self.queues:
            yield f"does not serve the queue {requires.queue_name}"
        if requires.runtime is not None and requires.runtime not in self.runtimes:
            yield f"does not have the runtime {requires.runtime}"
        for key, value in requires.labels.items():
            if self.labels.get(key) != value:
                yield f"does not have the label {key}={value}"
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
