"""Makes deliveries of events, each once: in the transaction that moves the mark past them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from operation_server.database.connections import AsyncConnection, Connection
from operation_server.database.rows import AnyRow
from operation_server.events.handler import DurableEvent
from operation_server.notifications.access import sees_everybodys
from operation_server.notifications.matching import repository
from operation_server.notifications.matching.kinds import Told, told_by
from operation_server.notifications.matching.new_delivery import new_delivery
from operation_server.signals.repository import raise_signal
from satellite.contracts.notification import NotificationKind

READER: Final = "notifications"
"""Its mark was made by a migration, so that nobody is told of what was before."""
QUIET_S: Final = 600.0


class NotificationHandler:
    """Follows the durable events of jobs and runs."""

    def __init__(self, *, give_up_after_s: float, wake: Callable[[], None]) -> None:
        """Call `wake` when there is something to be sent, which may be before it is committed."""
        self._give_up_after_s = give_up_after_s
        self._wake = wake

    @property
    def name(self) -> str:
        """Return what its mark is kept under."""
        return READER

    async def handle(self, connection: AsyncConnection, events: Sequence[DurableEvent]) -> None:
        """Store what is to be sent because of some events.

        Raises:
            Exception: there is an outage, or one of them cannot be taken.
        """
        told = {each.event.id: each for event in events if (each := told_by(event)) is not None}
        if not told:
            return
        rows = await repository.match(connection, [_asked(each) for each in told.values()])
        deliveries = [
            _delivery(told[row.event_id], row)
            for row in rows
            if not row.of_everybody or sees_everybodys(row.role)
        ]
        if deliveries:
            await repository.add_deliveries(connection, deliveries, give_up_after_s=self._give_up_after_s)
            self._wake()
        for each in told.values():
            if each.is_fault_of_platform:
                await connection.run_sync(partial(_raise_fault, each))


def _asked(told: Told) -> dict[str, Any]:
    event = told.event
    return {
        "event_id": event.id,
        "subject": event.subject,
        "job_id": event.job_id,
        "owner_id": event.owner_id,
        "kinds": told.kinds,
        "task": told.task,
        "at": event.at,
    }


def _delivery(told: Told, row: AnyRow) -> dict[str, Any]:
    event = told.event
    # Of the kinds that it is, the one that says most and was asked for.
    kind = next(kind for kind in told.kinds if kind in row.kinds)
    data = {
        "job_id": event.job_id,
        "subject": event.subject,
        "owner_id": event.owner_id,
        "status": told.data.get("status"),
        "attempt": told.data.get("attempt") or None,
        "worker": told.data.get("worker"),
        "error": told.data.get("error"),
        "task": told.task,
        "plugin_name": row.plugin_name,
        "plugin_version": row.plugin_version,
        "run_id": row.run_id,
        "workflow_id": row.workflow_id,
        "workflow": row.workflow,
        "created_at": row.created_at,
        "completed_at": event.at if told.task is None and kind is not NotificationKind.RUN_DEADLINE else None,
    }
    return new_delivery(
        kind, data, at=event.at, owner_id=row.owner_id, channel_id=row.channel_id, hint=row.hint
    )


def _raise_fault(told: Told, connection: Connection) -> None:
    error = told.data.get("error") or {}
    raise_signal(
        connection,
        NotificationKind.SYSTEM_ERROR,
        f"{told.event.subject} {told.event.job_id}",
        quiet_s=QUIET_S,
        job_id=told.event.job_id,
        subject=told.event.subject,
        reason=str(error.get("message", ""))[:500],
    )
