"""What a worker tells about itself."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from satellite.contracts.job import Message
from satellite.contracts.plugin_manifest import PluginResources


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

    def suffice_for(self, wanted: PluginResources) -> bool:
        """Tell whether a plugin that asks for `wanted` could run here, were nothing else running."""
        return (
            self.cpus >= wanted.cpus
            and self.memory_mib >= wanted.memory_mib
            and self.gpus >= wanted.gpus
            and self.gpu_memory_mib >= wanted.gpu_memory_mib
        )


class LoadedPlugin(Message):
    """A server plugin that a worker has loaded; it keeps memory and cards also while it is idle."""

    name: str
    version: str
    busy: bool = False
    memory_mib: int = Field(default=0, description="What it may use.")
    gpu_memory_mib: int = 0
    gpu_ids: list[str] = Field(default_factory=list)


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
    runtime: str = Field(description="container or process.")
    runtime_reason: str = Field(default="", description="Why this runtime was chosen.")
    queues: list[str]
    slots: int = Field(description="Attempts it holds at the same time; a batch of them takes one slot.")
    slots_taken: int = Field(default=0, description="Slots in use; 0 from workers that do not tell.")
    seats: int = Field(default=0, description="Attempts it may hold besides, in the slots of their batches.")
    running: list[tuple[int, int]] = Field(default_factory=list, description="(job_id, attempt) pairs.")
    draining: bool = False
    consumer_ok: bool = Field(default=True, description="False while its canary does not come back.")
    total: WorkerResources = WorkerResources()
    free: WorkerResources = Field(
        default=WorkerResources(), description="What is loaded or on standby is not free, but gives way."
    )
    cards: list[GPUCard] = Field(default_factory=list)
    loaded: list[LoadedPlugin] = Field(default_factory=list)
    spares: list[SparePlugin] = Field(default_factory=list)
    started_at: datetime
    seen_at: datetime
