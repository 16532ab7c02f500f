"""Where a job stands between states, once for SQL and once for rows."""

from __future__ import annotations

from typing import Any

from satellite.contracts.job import JobStatus


def waiting(alias: str = "") -> str:
    """Return SQL that is true of jobs that no worker was told of: the dispatcher's queue."""
    job = f"{alias}." if alias else ""
    return f"({job}status = 'queued' AND {job}dispatched_at IS NULL)"


def active(alias: str = "") -> str:
    """Return SQL that is true of jobs in the broker's or a worker's hands: what limits count."""
    job = f"{alias}." if alias else ""
    return f"({job}status = 'processing' OR ({job}status = 'queued' AND {job}dispatched_at IS NOT NULL))"


WAITING = waiting()
ACTIVE = active()


def is_waiting(row: Any) -> bool:
    """Tell of a row of `jobs` what `WAITING` tells."""
    return row.status == JobStatus.QUEUED and row.dispatched_at is None


def is_active(row: Any) -> bool:
    """Tell of a row of `jobs` what `ACTIVE` tells."""
    return row.status == JobStatus.PROCESSING or (
        row.status == JobStatus.QUEUED and row.dispatched_at is not None
    )
