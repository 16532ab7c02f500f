"""What the life of jobs must look like: the transitions again, as plain Python on plain lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from satellite.contracts.event import EventType
from satellite.contracts.job import JobStatus
from satellite.contracts.outcome import ErrorKind, OutcomeStatus

LOSSES_MAX, ALONE_AFTER = 3, 2
"""Few, so that both are met within a short story."""


class Ending(Enum):
    """Ways in which an attempt ends: its status in the history, and the error that came of it."""

    COMPLETED = (OutcomeStatus.COMPLETED, None)
    EXIT = (OutcomeStatus.FAILED, ErrorKind.EXIT)
    INPUT = (OutcomeStatus.FAILED, ErrorKind.INPUT)
    UNSTORABLE = (OutcomeStatus.FAILED, ErrorKind.OUTPUT)
    """The worker reports a result that the database cannot store."""
    INTERRUPTED = (OutcomeStatus.INTERRUPTED, None)
    CANCELLED = (OutcomeStatus.CANCELLED, None)
    LOST = (OutcomeStatus.FAILED, ErrorKind.LOST)

    def __init__(self, outcome: OutcomeStatus, kind: ErrorKind | None) -> None:
        self.outcome = outcome
        self.kind = kind


@dataclass(frozen=True, kw_only=True)
class ModelPlugin:
    name: str
    retry_delay_s: float = 0
    retried: frozenset[ErrorKind] = frozenset({ErrorKind.EXIT, ErrorKind.LOST})
    max_running: int | None = None


@dataclass(frozen=True, kw_only=True)
class ModelUser:
    name: str
    max_running: int | None = None


@dataclass(frozen=True)
class Told:
    """One durable event."""

    type: EventType
    status: JobStatus
    attempt: int


@dataclass(kw_only=True)
class ModelJob:
    plugin: ModelPlugin
    owner: ModelUser
    max_retries: int
    has_ttl: bool = False
    version: str = "1"
    status: JobStatus = JobStatus.QUEUED
    attempt: int = 0
    is_dispatched: bool = False
    is_due: bool = True
    """No retry delay holds it back."""
    is_expired: bool = False
    is_cancelling: bool = False
    failures: int = 0
    losses: int = 0
    redeliveries: int = 0
    kind: ErrorKind | None = None
    history: list[tuple[int, OutcomeStatus]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    @property
    def is_waiting(self) -> bool:
        return self.status is JobStatus.QUEUED and not self.is_dispatched

    @property
    def is_active(self) -> bool:
        return not self.status.is_terminal and not self.is_waiting

    @property
    def is_dispatchable(self) -> bool:
        return self.is_waiting and self.is_due and not self.is_expired

    def tell(self) -> None:
        self.told.append(Told(EventType.STATUS, self.status, self.attempt))
        if self.status.is_terminal:
            self.told.append(Told(EventType.RESULT, self.status, self.attempt))

    def become(self, status: JobStatus) -> None:
        self.status = status
        self.tell()

    def end(self, ending: Ending) -> None:
        """End the newest attempt."""
        self.history.append((self.attempt, ending.outcome))
        self.redeliveries = 0
        self.kind = None
        if ending is Ending.COMPLETED:
            self.become(JobStatus.COMPLETED)
        elif self.is_cancelling:
            self.become(JobStatus.CANCELLED)
        elif ending.kind is None:
            self.wait_again()
        else:
            self.fail(ending.kind)

    def fail(self, kind: ErrorKind) -> None:
        self.kind = kind
        if kind is ErrorKind.LOST:
            self.losses += 1
            is_over = self.losses >= LOSSES_MAX
        else:
            self.failures += 1
            is_over = self.failures > self.max_retries
        if is_over or kind not in self.plugin.retried:
            self.become(JobStatus.FAILED)
        else:
            self.is_due = kind is ErrorKind.LOST or self.plugin.retry_delay_s == 0
            self.wait_again()

    def wait_again(self) -> None:
        # An attempt has begun in time, so the time to live in the queue has had its effect.
        self.is_dispatched = self.has_ttl = self.is_expired = False
        self.become(JobStatus.QUEUED)


@dataclass
class LifecycleModel:
    """All jobs, by their position in the order of submission."""

    max_redeliveries: int
    jobs: list[ModelJob] = field(default_factory=list)
    paused: set[str] = field(default_factory=set)

    def submit(self, job: ModelJob) -> int:
        self.jobs.append(job)
        job.tell()
        return len(self.jobs) - 1

    def dispatch(self, order: Sequence[int], *, limit: int, depth: int) -> list[tuple[int, int]]:
        """Dispatch what fits, in `order`; returns the attempts made."""
        chosen: list[tuple[int, int]] = []
        for index in order:
            job = self.jobs[index]
            if len(chosen) < limit and job.is_dispatchable and self._fits(job, depth=depth):
                job.attempt += 1
                job.is_dispatched = True
                chosen.append((index, job.attempt))
        return chosen

    def has_room_for_more(self, *, depth: int) -> bool:
        return any(job.is_dispatchable and self._fits(job, depth=depth) for job in self.jobs)

    def _fits(self, job: ModelJob, *, depth: int) -> bool:
        active = [other for other in self.jobs if other.is_active]
        running = Counter(other.plugin.name for other in active)
        owned = Counter(other.owner.name for other in active)
        return (
            job.plugin.name not in self.paused
            and sum(other.status is JobStatus.QUEUED for other in active) < depth
            and (job.plugin.max_running is None or running[job.plugin.name] < job.plugin.max_running)
            and (job.owner.max_running is None or owned[job.owner.name] < job.owner.max_running)
        )

    def start(self, attempts: Iterable[tuple[int, int]]) -> None:
        for job in self._newest(attempts):
            if job.status is JobStatus.QUEUED:
                job.redeliveries = 0
                job.become(JobStatus.PROCESSING)

    def finish(self, endings: Sequence[tuple[int, int, Ending]]) -> list[tuple[int, int]]:
        """Apply endings, the first of each attempt; returns the attempts that were ended."""
        applied = []
        for index, attempt, ending in endings:
            for job in self._newest([(index, attempt)]):
                job.end(ending)
                applied.append((index, attempt))
        return applied

    def request_cancel(self, indexes: Iterable[int]) -> None:
        for job in [self.jobs[index] for index in set(indexes)]:
            if job.is_waiting:
                job.is_cancelling = True
                job.kind = None
                job.become(JobStatus.CANCELLED)
            elif job.is_active and not job.is_cancelling:
                job.is_cancelling = True
                job.tell()

    def confirm_cancelled(self, attempts: Iterable[tuple[int, int]]) -> None:
        for job in self._newest(attempts):
            if job.is_cancelling:
                job.end(Ending.CANCELLED)

    def lose_attempts(self, attempts: Iterable[tuple[int, int]]) -> None:
        for job in self._newest(attempts):
            job.end(Ending.LOST)

    def release_undelivered(self, attempts: Iterable[tuple[int, int]]) -> None:
        for job in self._newest(attempts):
            if job.status is not JobStatus.QUEUED:
                continue
            if job.is_cancelling:
                job.end(Ending.CANCELLED)
            elif job.redeliveries >= self.max_redeliveries:
                job.end(Ending.LOST)
            else:
                job.redeliveries += 1
                job.is_dispatched = False

    def expire(self) -> None:
        for job in self.jobs:
            if job.is_waiting and job.is_expired:
                job.kind = ErrorKind.TIMEOUT
                job.become(JobStatus.FAILED)

    def replay(self, indexes: Iterable[int], *, version: str | None) -> None:
        for job in [self.jobs[index] for index in set(indexes)]:
            if job.status in {JobStatus.FAILED, JobStatus.CANCELLED}:
                job.failures = job.losses = job.redeliveries = 0
                job.is_dispatched = job.is_cancelling = job.has_ttl = job.is_expired = False
                job.is_due = True
                job.kind = None
                job.version = version or job.version
                job.become(JobStatus.QUEUED)

    def _newest(self, attempts: Iterable[tuple[int, int]]) -> list[ModelJob]:
        """Return the jobs whose newest attempt is among `attempts` and is in somebody's hands."""
        jobs = [(self.jobs[index], attempt) for index, attempt in dict.fromkeys(attempts)]
        return [job for job, attempt in jobs if job.is_active and job.attempt == attempt]
