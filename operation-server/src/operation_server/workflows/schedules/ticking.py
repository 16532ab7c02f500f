"""What happens at the ticks of one schedule, in one transaction: tick, fate and run come together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from operation_server.database.connections import Connection
from operation_server.database.rows import AnyRow
from operation_server.workflows.schedules.beginning import SchedulerParts, ToTell, begin_for
from operation_server.workflows.schedules.due import DueTicks, find_due
from operation_server.workflows.schedules.fates import Decision, decide
from operation_server.workflows.schedules.following import read_schedule
from operation_server.workflows.schedules.repository import followed
from operation_server.workflows.schedules.ticks import Ticks
from operation_server.workflows.transitions import cancel_run
from satellite.contracts.workflow import Schedule
from satellite.contracts.workflow_run import RunTrigger
from satellite.contracts.workflow_schedule import TickFate


def tick(connection: Connection, workflow_id: int, parts: SchedulerParts) -> ToTell:
    """Decide what becomes of the ticks of a schedule that have come, and wait for its next one.

    Raises:
        ScheduleInvalid: it has no next tick.
    """
    row = followed.lock(connection, workflow_id)
    if row is None or row.next_at is None or row.next_at > row.now:
        return ToTell()
    ticking = _Ticking.of(connection, row, parts)
    due = find_due(ticking.ticks, since=row.next_at, now=row.now)
    ticking.note_missed(due)
    for decision in ticking.decide(due.ticks):
        ticking.carry_out(decision)
    followed.move_on(connection, workflow_id, due.next_at)
    return ticking.told


def begin_queued(connection: Connection, workflow_id: int, parts: SchedulerParts) -> ToTell:
    """Begin the run of the oldest queued tick of a workflow, if none of its scheduled runs is left."""
    row = followed.lock(connection, workflow_id)
    if row is None or not row.is_active or followed.list_open_runs(connection, workflow_id):
        return ToTell()
    queued = followed.next_queued(connection, workflow_id)
    if queued is None:
        return ToTell()
    if not row.has_owner:
        followed.end_queued(connection, workflow_id, TickFate.REFUSED)
        return ToTell()
    ticking = _Ticking.of(connection, row, parts)
    ticking.begin(queued)
    return ticking.told


@dataclass(frozen=True, kw_only=True)
class _Ticking:
    """The schedule of one workflow, which is locked, at its ticks."""

    connection: Connection
    row: AnyRow
    schedule: Schedule
    ticks: Ticks
    parts: SchedulerParts
    told: ToTell = field(default_factory=ToTell)

    @classmethod
    def of(cls, connection: Connection, row: AnyRow, parts: SchedulerParts) -> _Ticking:
        schedule, ticks = read_schedule(row.schedule, anchor=row.anchor)
        return cls(connection=connection, row=row, schedule=schedule, ticks=ticks, parts=parts)

    def note_missed(self, due: DueTicks) -> None:
        if due.missed is None:
            return
        first, last = due.missed
        fate = TickFate.MISSED if self.row.is_active else TickFate.PAUSED
        through = None if first == last else last
        followed.add_tick(self.connection, self.row.workflow_id, first, fate, through=through)

    def decide(self, due: Sequence[datetime]) -> Sequence[Decision]:
        if not self.row.is_active:
            return [Decision(tick=each, fate=TickFate.PAUSED) for each in due]
        if not self.row.has_owner:
            return [Decision(tick=each, fate=TickFate.REFUSED) for each in due]
        return decide(
            due,
            self.schedule,
            now=self.row.now,
            open_runs=len(followed.list_open_runs(self.connection, self.row.workflow_id)),
            queued=followed.count_queued(self.connection, self.row.workflow_id),
        )

    def carry_out(self, decision: Decision) -> None:
        workflow_id = self.row.workflow_id
        if decision.replaces:
            followed.end_queued(self.connection, workflow_id, TickFate.REPLACED)
            for run_id in followed.list_open_runs(self.connection, workflow_id):
                self.told.add_cancelled(cancel_run(self.connection, run_id))
        is_new = followed.add_tick(self.connection, workflow_id, decision.tick, decision.fate)
        if is_new and decision.fate is TickFate.RAN:
            self.begin(decision.tick)
            self.told.lags_s.append((self.row.now - decision.tick).total_seconds())

    def begin(self, at: datetime) -> None:
        begun = begin_for(
            self.connection,
            at,
            ticks=self.ticks,
            version_id=self.row.version_id,
            owner_id=self.row.owner_id,
            trigger=RunTrigger.SCHEDULE,
            parts=self.parts,
        )
        followed.set_run(self.connection, self.row.workflow_id, at, begun.key.job_id)
        self.told.add_begun(begun)
