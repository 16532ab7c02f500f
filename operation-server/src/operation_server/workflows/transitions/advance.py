"""Advances a run: counts the steps that have ended, ends and begins tasks, and submits the jobs of steps.

What it costs depends on what has changed and not on how large the run is. It is safe to repeat: a step is
counted once, and its place in the run is unique.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection

from operation_server.workflows.transitions.admit import may_begin
from operation_server.workflows.transitions.advance_parts import AdvanceParts
from operation_server.workflows.transitions.begin_steps import StepBeginner
from operation_server.workflows.transitions.end_tasks import TaskEnder
from operation_server.workflows.transitions.finish import RunChange, change_run
from operation_server.workflows.transitions.look import Look
from operation_server.workflows.transitions.run_lock import lock_run
from operation_server.workflows.transitions.wake import drop_wakeups
from satellite.contracts.event import StreamEntry
from satellite.contracts.job import JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """What advancing a run did."""

    entries: list[StreamEntry] = field(default_factory=list)
    ended_as: JobStatus | None = None
    """Set if the run has ended."""


def advance_run(connection: Connection, run_id: int, parts: AdvanceParts) -> Advanced:
    """Do for a run all that can be done now.

    Raises:
        Exception: the run cannot be advanced; nothing of it was.
    """
    run = lock_run(connection, run_id)
    drop_wakeups(connection, run_id)
    if run is None or JobStatus(run.status).is_terminal:
        return Advanced()
    is_held = run.status == JobStatus.QUEUED and run.cancel_requested_at is None
    if is_held and not may_begin(connection, run, parts.versions):
        return Advanced()
    look = Look(
        connection=connection,
        run=run,
        version=parts.versions.get(connection, run.version_id),
        parts=parts,
        change=RunChange(is_begun=run.status == JobStatus.QUEUED),
    )
    beginner = StepBeginner(look)
    TaskEnder(look, beginner).settle()
    beginner.begin_steps()
    look.tell()
    ended_as, entries = change_run(connection, run, look.settings, look.change)
    return Advanced(entries=look.entries + entries, ended_as=ended_as)
