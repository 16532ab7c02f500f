"""What a worker tells about itself."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import Field

from satellite.contracts.cluster_nodes import ClusterRoom, ClusterState
from satellite.contracts.message import Message
from satellite.contracts.requires import DEFAULT_QUEUE
from satellite.contracts.worker_class import ClassCard, WorkerClass

WORKER_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"


class WorkerState(StrEnum):
    """Whether a worker takes jobs, or else why not."""

    UP = "up"
    DRAINING = "draining"
    """It leaves."""
    DRAINED = "drained"
    """An admin has drained it."""
    DEAF = "deaf"
    """Its canary does not come back."""


class GPUCard(Message):
    """One graphics card of a worker."""

    uuid: str
    name: str = ""
    memory_mib: int = 0


class WorkerResources(Message):
    """What a worker has, or has free."""

    cpus: float = 0
    memory_mib: int = 0
    gpus: float = 0
    gpu_memory_mib: int = Field(default=0, description="The most memory free on one card.")


class LoadedPlugin(Message):
    """A server plugin that a worker has loaded; it keeps memory and cards also while it is idle."""

    name: str
    version: str
    busy: bool = False
    memory_mib: int = Field(default=0, description="What it may use.")
    gpu_memory_mib: int = 0
    gpu_ids: list[str] = Field(default_factory=list)
    model: str | None = Field(
        default=None, description="The version of a model that it has loaded, as `name@version`."
    )


class SparePlugin(Message):
    """What a worker has on standby of one plugin."""

    name: str
    version: str
    count: int = Field(default=0, description="How many wait for a job.")
    memory_mib: int = Field(default=0, description="What each of them may use.")
    gpu_ids: list[str] = Field(default_factory=list)


class WorkerHeartbeat(Message):
    """A worker's sign of life, renewed every 5 s under `redis_keys.worker(name)` with a short TTL."""

    name: str
    host: str
    pid: int
    version: str
    runtime: str = Field(description="The runtime of plugins that require none: container or process.")
    runtime_reason: str = Field(default="", description="Why this runtime was chosen.")
    weaknesses: list[str] = Field(
        default_factory=list, description="What its plugins are not kept from, a sentence each."
    )
    runtimes: list[str] = Field(default_factory=list, description="All that it has; empty means that one.")
    labels: dict[str, str] = Field(default_factory=dict)
    serves: list[str] = Field(
        default=[DEFAULT_QUEUE], description="The queues, as `requires` names them, whose jobs it takes."
    )
    queues: list[str] = Field(description="The broker's queues whose jobs it takes; none while drained.")
    slots: int = Field(description="Attempts it holds at the same time; a batch of them takes one slot.")
    slots_taken: int = Field(default=0, description="Slots in use; 0 from workers that do not tell.")
    seats: int = Field(default=0, description="Attempts it may hold besides, in the slots of their batches.")
    running: list[tuple[int, int]] = Field(default_factory=list, description="(job_id, attempt) pairs.")
    draining: bool = Field(default=False, description="It leaves, or its cluster is sent no further jobs.")
    drained: bool = Field(default=False, description="An admin has drained it: it stays, and takes no jobs.")
    consumer_ok: bool = Field(default=True, description="False while its canary does not come back.")
    total: WorkerResources = WorkerResources()
    free: WorkerResources = Field(
        default=WorkerResources(), description="What is loaded or on standby is not free, but gives way."
    )
    cards: list[GPUCard] = Field(default_factory=list)
    loaded: list[LoadedPlugin] = Field(default_factory=list)
    spares: list[SparePlugin] = Field(default_factory=list)
    spans_dropped: int = Field(default=0, description="Spans that no collector took since it started.")
    cluster: ClusterRoom | None = Field(default=None, description="Of the worker of a cluster: how that is.")
    started_at: datetime
    seen_at: datetime

    @property
    def state(self) -> WorkerState:
        """Return whether it takes jobs, whatever its cluster is like."""
        if self.draining:
            return WorkerState.DRAINING
        if self.drained:
            return WorkerState.DRAINED
        return WorkerState.UP if self.consumer_ok else WorkerState.DEAF

    @property
    def takes_jobs(self) -> bool:
        """Tell whether it begins further attempts."""
        is_ready = self.cluster is None or self.cluster.state is ClusterState.READY
        return is_ready and self.state is WorkerState.UP

    @property
    def worker_class(self) -> WorkerClass:
        """Return what placement looks at."""
        return WorkerClass(
            queues=self.serves,
            runtimes=self.runtimes or [self.runtime],
            labels=self.labels,
            cpus=self.total.cpus,
            memory_mib=self.total.memory_mib,
            cards=[ClassCard(name=card.name, memory_mib=card.memory_mib) for card in self.cards],
            nodes=self.cluster.makes if self.cluster else (),
        )

    @property
    def isolates(self) -> bool:
        """Tell whether plugins are kept from the machine, as in containers and not as processes."""
        return self.runtime != "process"


class DrainedWorkers(Message):
    """The workers that admins have drained, under `redis_keys.DRAINED_WORKERS`."""

    names: list[str]
