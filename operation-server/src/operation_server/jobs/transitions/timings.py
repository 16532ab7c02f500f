"""Where the time of a finished job went.

`total` runs from the job's creation to its end. `queued` is all of it until the last dispatch, and so holds
the earlier attempts of a job that was retried and their delays. `dispatched` is what no other phase measured:
publishing and both ways through the broker, and for an attempt that nobody reported all that followed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from satellite.contracts.outcome import WorkerTimings
from satellite.contracts.phases import PHASES

_SINCE_CREATION = "round(extract(epoch FROM now() - created_at) * 1000, 3)"
_QUEUED_ALL_THE_TIME = {"queued": _SINCE_CREATION, "total": _SINCE_CREATION, "start": "NULL"}
_TIMINGS = dict.fromkeys(PHASES, "0") | _QUEUED_ALL_THE_TIME
_MEMBERS = ", ".join(f"'{name}', {value}" for name, value in _TIMINGS.items())

NEVER_DISPATCHED: Final = f"jsonb_build_object({_MEMBERS})"
"""SQL of the timings of jobs that end now while they wait, for statements that end many of them."""


def job_timings(
    *,
    created_at: datetime,
    dispatched_at: datetime | None,
    completed_at: datetime,
    worker: WorkerTimings | None = None,
    committed_ms: float = 0.0,
) -> dict[str, Any]:
    """Return the phases of a job in milliseconds; none is negative, and they add up to `total`.

    Only durations of one clock each go in, so that skewed clocks of workers cannot spoil the sum. `worker` is
    None when no worker reported the attempt; there is no `start` when its plugin never ran.
    """
    total = max(0.0, _milliseconds(created_at, completed_at))
    queued = min(total, max(0.0, _milliseconds(created_at, dispatched_at))) if dispatched_at else total
    after_dispatch = total - queued
    on_worker = _worker_phases(worker or WorkerTimings(), at_most_ms=after_dispatch)
    # The end is when the transaction began; what it waited for locks since then lies behind the end.
    committed = min(max(0.0, committed_ms), after_dispatch - sum(on_worker.values()))
    measured = {name: round(value, 3) for name, value in {**on_worker, "committed": committed}.items()}
    return {
        "queued": round(queued, 3),
        "dispatched": max(0.0, round(after_dispatch - sum(measured.values()), 3)),
        **measured,
        "total": round(total, 3),
        "start": worker.start.value if worker and worker.ran_ms > 0 else None,
    }


def _worker_phases(worker: WorkerTimings, *, at_most_ms: float) -> dict[str, float]:
    phases = {
        "claimed": max(0.0, worker.claimed_ms),
        "prepared": max(0.0, worker.prepared_ms),
        "ran": max(0.0, worker.ran_ms),
        "reported": max(0.0, worker.reported_ms),
    }
    measured_ms = sum(phases.values())
    if measured_ms <= at_most_ms:
        return phases
    # The database's clock was set back meanwhile: the shares still hold.
    return {name: value * at_most_ms / measured_ms for name, value in phases.items()}


def _milliseconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() * 1000
