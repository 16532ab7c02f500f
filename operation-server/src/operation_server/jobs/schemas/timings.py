"""Where a job's time went, as answers show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from satellite.contracts.outcome import StartKind
from satellite.contracts.phases import PHASES

TIMELINE_EXAMPLE: dict[str, Any] = {
    "job_id": 42,
    "attempt": 1,
    "total_ms": 12.5,
    "start": "warm",
    "phases": [
        {"phase": "queued", "start_ms": 0.0, "duration_ms": 3.5},
        {"phase": "ran", "start_ms": 3.5, "duration_ms": 9.0},
    ],
}


class JobTimings(BaseModel):
    """Where the time went, in milliseconds; the phases follow each other and add up to `total`.

    They are those of the newest attempt that ended, so a job that waits for a retry has those of the one
    before.
    """

    queued: float = Field(
        description="Creation until the last dispatch: of a retried job with its earlier attempts and "
        "delays, of a replayed one with its earlier life."
    )
    dispatched: float = Field(
        description="Publishing and both ways through the broker: what no other phase measured. Of an "
        "attempt that no worker reported, all since its dispatch."
    )
    claimed: float = Field(description="On the worker: receipt until the claim was won.")
    prepared: float = Field(description="Waiting for room, getting container or process ready.")
    ran: float = Field(description="Input handed over until the answer was complete.")
    reported: float = Field(description="Answer complete until the outcome was handed over.")
    committed: float = Field(
        description="Receipt of the outcome until the transaction that applied it began."
    )
    total: float = Field(description="`completed_at` less `created_at`.")
    start: StartKind | None = Field(description="How warm the plugin was; null when it never ran.")


class TimelinePhase(BaseModel):
    """One phase of a job on its time line."""

    phase: str
    start_ms: float = Field(description="After the job's creation.")
    duration_ms: float


class Timeline(BaseModel):
    """The phases of a job one after the other; empty until its first attempt has ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [TIMELINE_EXAMPLE]})

    job_id: int
    attempt: int
    total_ms: float | None
    start: StartKind | None
    phases: list[TimelinePhase]


def timeline_of(job: Mapping[str, Any]) -> Timeline:
    """Return the time line of a job's fields; each phase begins where the one before it ended."""
    timings = job["timings"] or {}
    phases, start_ms = [], 0.0
    for phase in PHASES:
        if phase in timings:
            phases.append(TimelinePhase(phase=phase, start_ms=round(start_ms, 3), duration_ms=timings[phase]))
            start_ms += timings[phase]
    return Timeline(
        job_id=job["id"],
        attempt=job["attempt"],
        total_ms=timings.get("total"),
        start=timings.get("start"),
        phases=phases,
    )
