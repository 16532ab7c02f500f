"""Which ticks a backfill runs, and why not the others: the rules, and nothing that asks a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from satellite.contracts.job import JobStatus
from satellite.contracts.workflow_schedule import BackfillScope

HAS_FAILED: Final = frozenset({JobStatus.FAILED, JobStatus.CANCELLED})


class PlannedTick(NamedTuple):
    """A tick in the range of a backfill, and why it is left out; None if it is run for."""

    scheduled_for: datetime
    left_out: str | None


def plan(
    ticks: Sequence[datetime],
    scope: BackfillScope,
    *,
    states: Mapping[datetime, str],
    pending: Mapping[datetime, int],
) -> list[PlannedTick]:
    """Return what a backfill does with ticks, by their newest runs and the other backfills that have them."""
    return [PlannedTick(tick, _left_out(scope, states.get(tick), pending.get(tick))) for tick in ticks]


def _left_out(scope: BackfillScope, state: str | None, backfill: int | None) -> str | None:
    if backfill is not None:
        return f"backfill {backfill} runs it"
    if state is None:
        return "has no run" if scope is BackfillScope.FAILED else None
    status = JobStatus(state)
    if not status.is_terminal:
        return "its run is under way"
    if scope is BackfillScope.ALL or (scope is BackfillScope.FAILED and status in HAS_FAILED):
        return None
    return f"has a run, which is {status}" if scope is BackfillScope.MISSING else f"its run is {status}"
