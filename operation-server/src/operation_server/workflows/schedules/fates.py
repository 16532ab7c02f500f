"""What becomes of ticks: the rules of catchup and overlap, and nothing that asks a database or a clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from satellite.contracts.workflow import Catchup, Overlap, Schedule
from satellite.contracts.workflow_schedule import TickFate

ON_TIME: Final = timedelta(minutes=1)
"""The newest tick counts as on time that long: who leads may change, and take some seconds for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of one tick, and of those before it."""

    tick: datetime
    fate: TickFate
    replaces: bool = False
    """Whether scheduled runs that have not ended are cancelled, and queued ticks replaced."""


def decide(
    due: Sequence[datetime], schedule: Schedule, *, now: datetime, open_runs: int, queued: int
) -> list[Decision]:
    """Return what becomes of ticks that have come, in their order.

    `open_runs` counts the scheduled runs that have not ended, `queued` the ticks that wait for them.
    """
    made_up = _made_up(due, schedule.catchup, now)
    is_catching_up = len(made_up) > 1
    decisions = []
    for tick in due:
        if tick not in made_up:
            decisions.append(Decision(tick=tick, fate=TickFate.MISSED))
            continue
        is_free = schedule.overlap is Overlap.ALLOW or open_runs + queued == 0
        fate = TickFate.RAN if is_free else _waiting(schedule.overlap, queued, is_catching_up=is_catching_up)
        replaces = schedule.overlap is Overlap.REPLACE and not is_free
        decisions.append(Decision(tick=tick, fate=fate, replaces=replaces))
        open_runs += fate is TickFate.RAN
        queued += fate is TickFate.QUEUED
    return decisions


def _made_up(due: Sequence[datetime], catchup: Catchup, now: datetime) -> Sequence[datetime]:
    """Return the ticks that shall run, were there room."""
    if catchup is Catchup.ALL:
        return due
    newest = due[-1:]
    if catchup is Catchup.NONE and newest and now - newest[0] > ON_TIME:
        return []
    return newest


def _waiting(overlap: Overlap, queued: int, *, is_catching_up: bool) -> TickFate:
    # Who wants all ticks made up for wants each of them, and one place in the queue would lose most.
    has_room = overlap in {Overlap.QUEUE_ALL, Overlap.REPLACE} or is_catching_up or queued == 0
    return TickFate.QUEUED if overlap is not Overlap.SKIP and has_room else TickFate.SKIPPED_OVERLAP
