"""Where the time of a finished job went."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from satellite.contracts.outcome import WorkerTimings


def job_timings(
    *,
    created_at: datetime,
    dispatched_at: datetime | None,
    completed_at: datetime,
    worker: WorkerTimings,
    committed_ms: float,
) -> dict[str, Any]:
    """Return the phases of a job in milliseconds; they add up to `total`.

    `dispatched` is what no other phase measured: publishing and both ways through the broker. Only durations
    of one clock each go in, so that skewed clocks of workers cannot spoil the sum.
    """
    total = _milliseconds(created_at, completed_at)
    queued = _milliseconds(created_at, dispatched_at) if dispatched_at else total
    phases = {
        "claimed": worker.claimed_ms,
        "prepared": worker.prepared_ms,
        "ran": worker.ran_ms,
        "reported": worker.reported_ms,
        "committed": committed_ms,
    }
    rounded = {name: round(value, 3) for name, value in phases.items()}
    dispatched = total - queued - sum(rounded.values())
    return {
        "queued": round(queued, 3),
        "dispatched": round(dispatched, 3),
        **rounded,
        "total": round(total, 3),
        "start": worker.start.value,
    }


def _milliseconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() * 1000
