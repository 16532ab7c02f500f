"""What becomes of the ticks of schedules, in the words that answers and clients share."""

from __future__ import annotations

from enum import StrEnum


class TickFate(StrEnum):
    """What became of a tick."""

    RAN = "ran"
    """A run was begun."""
    QUEUED = "queued"
    """A run begins as soon as the scheduled ones before it have ended."""
    SKIPPED_OVERLAP = "skipped_overlap"
    """An earlier scheduled run had not ended, and that is what its overlap says."""
    REPLACED = "replaced"
    """It was queued, and a later tick took its place."""
    MISSED = "missed"
    """The platform was down, and its catchup does not make up for it."""
    PAUSED = "paused"
    """The workflow was paused."""
    REFUSED = "refused"
    """The account of the workflow's owner is closed."""


class BackfillScope(StrEnum):
    """Which ticks of its range a backfill runs."""

    MISSING = "missing"
    """Those that have no run."""
    FAILED = "failed"
    """Those whose newest run has failed or was cancelled."""
    ALL = "all"
    """All but those whose run is under way."""


class BackfillStatus(StrEnum):
    """How a backfill stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    """All its runs have ended, however."""
    CANCELLED = "cancelled"
