"""Keeps what is followed the same as what workflows say: their schedule, deployed version and pause."""

from __future__ import annotations

from datetime import datetime

from operation_server.database.connections import Connection
from operation_server.database.rows import AnyRow
from operation_server.workflows.schedules.errors import ScheduleInvalid
from operation_server.workflows.schedules.repository import followed
from operation_server.workflows.schedules.ticks import Ticks
from satellite.contracts.workflow import Schedule
from satellite.contracts.workflow_schedule import TickFate


def follow_changes(connection: Connection) -> int:
    """Follow what was changed from the moment of the change on, and return how many that were.

    Ticks before an edit, a deployment, a pause or its end are nobody's any more, however long the platform
    was down.
    """
    followed.unfollow(connection)
    changes = followed.list_changed(connection)
    for changed in changes:
        _follow(connection, changed)
    return len(changes)


def read_schedule(text: str, *, anchor: datetime) -> tuple[Schedule, Ticks]:
    """Return a stored schedule and its ticks.

    Raises:
        ScheduleInvalid: it is none, for this release.
    """
    try:
        schedule = Schedule.model_validate_json(text)
    except ValueError as error:
        raise ScheduleInvalid(str(error)) from error
    return schedule, Ticks(schedule, anchor=anchor)


def _follow(connection: Connection, changed: AnyRow) -> None:
    if not changed.is_active:
        followed.end_queued(connection, changed.workflow_id, TickFate.PAUSED)
    is_same = changed.followed is not None and _is_same(changed.followed, changed.schedule)
    # Intervals go on as they were, whatever else was changed.
    anchor = changed.anchor if is_same else changed.since
    if is_same and changed.is_only_schedule:
        # It says the same in other words, which is no edit.
        followed.follow(connection, changed, anchor=anchor, next_at=changed.next_at)
        return
    try:
        _, ticks = read_schedule(changed.schedule, anchor=anchor)
        followed.follow(connection, changed, anchor=anchor, next_at=ticks.after(changed.since))
    except ScheduleInvalid as error:
        followed.follow(connection, changed, anchor=anchor, next_at=None, fault=str(error))


def _is_same(one: str, other: str) -> bool:
    try:
        return Schedule.model_validate_json(one) == Schedule.model_validate_json(other)
    except ValueError:
        return False
