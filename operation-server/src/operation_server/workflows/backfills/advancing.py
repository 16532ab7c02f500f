"""How a backfill goes on, and how it is cancelled, each in one transaction."""

from __future__ import annotations

from operation_server.database.connections import Connection
from operation_server.database.rows import AnyRow
from operation_server.workflows.backfills.repository import advancing as repository
from operation_server.workflows.schedules.beginning import SchedulerParts, ToTell, begin_for
from operation_server.workflows.schedules.following import read_schedule
from operation_server.workflows.schedules.repository.followed import add_tick
from operation_server.workflows.schedules.ticks import Ticks
from operation_server.workflows.transitions import cancel_run
from satellite.contracts.job import JobStatus
from satellite.contracts.workflow_run import RunTrigger
from satellite.contracts.workflow_schedule import BackfillStatus, TickFate


def go_on(connection: Connection, backfill_id: int, parts: SchedulerParts) -> ToTell:
    """Begin as many runs of a backfill as there is room for; without any left it is completed.

    Raises:
        ScheduleInvalid: its schedule is none for this release.
    """
    told = ToTell()
    backfill = repository.lock(connection, backfill_id)
    if backfill.status != BackfillStatus.RUNNING:
        return told
    if not backfill.may_go_on:
        return cancel(connection, backfill_id)
    open_runs = len(repository.list_open_runs(connection, backfill_id))
    if repository.scheduled_wait(connection, backfill.workflow_id):
        return told
    pending = repository.list_pending(connection, backfill, limit=max(0, backfill.max_active - open_runs))
    _, ticks = read_schedule(backfill.schedule, anchor=backfill.anchor)
    for tick in pending:
        told += _run(connection, backfill, tick, ticks, parts)
    if not pending and not open_runs:
        repository.end(connection, backfill_id, BackfillStatus.COMPLETED)
    repository.clear_fault(connection, backfill_id)
    return told


def cancel(connection: Connection, backfill_id: int) -> ToTell:
    """End a backfill and the runs that it has begun; twice changes nothing."""
    told = ToTell()
    if repository.lock(connection, backfill_id).status != BackfillStatus.RUNNING:
        return told
    for run in repository.list_open_runs(connection, backfill_id):
        if run.trigger == RunTrigger.BACKFILL:
            told.add_cancelled(cancel_run(connection, run.id))
    repository.end(connection, backfill_id, BackfillStatus.CANCELLED)
    return told


def _run(
    connection: Connection, backfill: AnyRow, tick: AnyRow, ticks: Ticks, parts: SchedulerParts
) -> ToTell:
    told = ToTell()
    if tick.status is not None and not JobStatus(tick.status).is_terminal:
        # Somebody else runs it by now.
        repository.set_run(connection, backfill, tick.scheduled_for, tick.run_id)
        return told
    begun = begin_for(
        connection,
        tick.scheduled_for,
        ticks=ticks,
        version_id=backfill.version_id,
        owner_id=backfill.owner_id,
        trigger=RunTrigger.BACKFILL,
        parts=parts,
    )
    told.add_begun(begun)
    repository.set_run(connection, backfill, tick.scheduled_for, begun.key.job_id)
    repository.set_tick(connection, backfill.workflow_id, tick.scheduled_for, begun.key.job_id)
    if tick.through is not None:
        _keep_missed(connection, backfill.workflow_id, ticks, tick)
    return told


def _keep_missed(connection: Connection, workflow_id: int, ticks: Ticks, tick: AnyRow) -> None:
    """Keep what is known of the ticks that shared a row with one that has a run now."""
    following = ticks.after(tick.scheduled_for)
    if following <= tick.through:
        through = None if following == tick.through else tick.through
        add_tick(connection, workflow_id, following, TickFate.MISSED, through=through)
