"""What the end of a job says of the version that it asked, and when a version is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from operation_server.database.rows import AnyRow
from operation_server.registry.rollouts.arms import Arm
from operation_server.registry.rollouts.schemas import RolloutSettings
from satellite.contracts.job import JobStatus
from satellite.contracts.outcome import ErrorKind

BLAMED: Final = frozenset(
    {
        ErrorKind.EXIT,
        ErrorKind.TIMEOUT,
        ErrorKind.OOM,
        ErrorKind.KILLED,
        ErrorKind.INPUT,
        ErrorKind.OUTPUT,
        ErrorKind.IMAGE,
    }
)
"""The failures that a version may be the reason of; of others it is not."""
HOPELESS: Final = 3
"""So many failures without one answer are enough, whatever `min_requests` says: it cannot be loaded."""


class Verdict(StrEnum):
    """What a job of a rollout was counted as."""

    COMPLETED = "completed"
    FAILED = "failed"
    AGREED = "agreed"
    DIFFERED = "differed"
    SKIPPED = "skipped"
    """A shadow that did not run, because jobs waited."""
    UNJUDGED = "unjudged"
    """It was cancelled, expired, or failed for no reason of the version's."""


Counts = Mapping[tuple[Arm, Verdict], int]


def verdict_of(job: AnyRow) -> Verdict:
    """Return what a job that has ended says of its version."""
    if job.status == JobStatus.COMPLETED:
        return Verdict.COMPLETED
    # What never began has waited too long, which is a time-out as well.
    if job.status == JobStatus.FAILED and job.has_started and job.error_kind in BLAMED:
        return Verdict.FAILED
    return Verdict.UNJUDGED


def breach(counts: Counts, settings: RolloutSettings) -> dict[str, Any] | None:
    """Return what is wrong with the candidate, with its numbers, or None while it holds its limits."""
    _, stable = _share(counts, Arm.STABLE, bad=Verdict.FAILED, good=(Verdict.COMPLETED,))
    most_failures = round(stable + settings.max_failure_ratio, 4)
    rules = (
        ("failures", Arm.CANDIDATE, Verdict.FAILED, (Verdict.COMPLETED,), most_failures),
        ("failures", Arm.SHADOW, Verdict.FAILED, (Verdict.AGREED, Verdict.DIFFERED), most_failures),
        ("differences", Arm.SHADOW, Verdict.DIFFERED, (Verdict.AGREED,), settings.max_difference_ratio),
    )
    for why, arm, bad, good, most in rules:
        judged, ratio = _share(counts, arm, bad=bad, good=good)
        is_hopeless = bad is Verdict.FAILED and judged >= HOPELESS and ratio == 1
        if ratio > most and (judged >= settings.min_requests or is_hopeless):
            return {"why": why, "arm": arm.value, "judged": judged, "ratio": ratio, "most": most}
    return None


def _share(counts: Counts, arm: Arm, *, bad: Verdict, good: tuple[Verdict, ...]) -> tuple[int, float]:
    """Return how many of an arm were judged one way or the other, and the share of the bad."""
    spoilt = counts.get((arm, bad), 0)
    judged = spoilt + sum(counts.get((arm, each), 0) for each in good)
    return judged, round(spoilt / judged, 4) if judged else 0.0
