"""What events are worth a notification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from operation_server.events.handler import DurableEvent
from satellite.contracts.event import EventSubject, EventType
from satellite.contracts.job import JobStatus
from satellite.contracts.notification import NotificationKind
from satellite.contracts.outcome import ErrorKind
from satellite.contracts.workflow_run import TaskStatus

READ: Final = (EventType.STATUS, EventType.TASK)
"""Of these the data is needed; results may be large, and how a job ended its status tells already."""
OF_ERRORS: Final = {
    ErrorKind.TIMEOUT: NotificationKind.JOB_TIMEOUT,
    ErrorKind.RESOURCES: NotificationKind.RESOURCES_EXHAUSTED,
}
OF_JOB: Final = {
    JobStatus.COMPLETED: NotificationKind.JOB_COMPLETED,
    JobStatus.FAILED: NotificationKind.JOB_FAILED,
    JobStatus.CANCELLED: NotificationKind.JOB_CANCELLED,
}
OF_RUN: Final = {
    JobStatus.COMPLETED: NotificationKind.RUN_COMPLETED,
    JobStatus.FAILED: NotificationKind.RUN_FAILED,
    JobStatus.CANCELLED: NotificationKind.RUN_CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event, and the kinds of notification that it is: the one that says most of it first."""

    event: DurableEvent
    kinds: tuple[NotificationKind, ...]
    task: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_fault_of_platform(self) -> bool:
        """Tell whether a job or run has failed and nothing in it is to blame."""
        return bool(_error_kind(self.data) == ErrorKind.INTERNAL)


def told_by(event: DurableEvent) -> Told | None:
    """Return what an event tells, None if nobody ever is told of such.

    Raises:
        ValueError: its data is not JSON.
    """
    if event.type not in READ:
        return None
    data = orjson.loads(event.data)
    if event.type == EventType.TASK:
        # Whether it waits for people or for time says its workflow.
        waits = data.get("status") == TaskStatus.WAITING
        kinds = (NotificationKind.APPROVAL_WAITING,)
        return Told(event=event, kinds=kinds, task=data["task"], data=data) if waits else None
    found = _kinds_of_run(data) if event.subject == EventSubject.RUN else _kinds_of_job(data)
    return Told(event=event, kinds=found, data=data) if found else None


def _kinds_of_job(data: Mapping[str, Any]) -> tuple[NotificationKind, ...]:
    kind = OF_JOB.get(data["status"])
    if kind is None:
        return ()
    more = OF_ERRORS.get(_error_kind(data)) if kind is NotificationKind.JOB_FAILED else None
    return (kind,) if more is None else (more, kind)


def _kinds_of_run(data: Mapping[str, Any]) -> tuple[NotificationKind, ...]:
    kind = OF_RUN.get(data["status"])
    if kind is not None:
        return (kind,)
    # A run whose deadline has passed is told to be cancelled, and why; its end comes later.
    passed = data.get("cancelling") and _error_kind(data) == ErrorKind.TIMEOUT
    return (NotificationKind.RUN_DEADLINE,) if passed else ()


def _error_kind(data: Mapping[str, Any]) -> Any:
    return (data.get("error") or {}).get("kind")
