"""What a worker tells about itself."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from satellite.contracts.job import Message


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


class WorkerHeartbeat(Message):
    """A worker's sign of life, renewed every 5 s under `redis_keys.worker(name)` with a short TTL."""

    name: str
    host: str
    pid: int
    version: str
    runtime: str = Field(description="container or process.")
    runtime_reason: str = Field(default="", description="Why this runtime was chosen.")
    queues: list[str]
    slots: int = Field(description="Attempts it runs at the same time.")
    running: list[tuple[int, int]] = Field(default_factory=list, description="(job_id, attempt) pairs.")
    draining: bool = False
    consumer_ok: bool = Field(default=True, description="False while its canary does not come back.")
    total: WorkerResources = WorkerResources()
    free: WorkerResources = WorkerResources()
    cards: list[GPUCard] = Field(default_factory=list)
    started_at: datetime
    seen_at: datetime
