"""One look at a run: what is known of it, and what the look has found and done so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, Row

from operation_server.jobs.transitions.events import NewEvent, Subject, insert_events, status_event
from operation_server.workflows.graph import WorkflowGraph
from operation_server.workflows.transitions.advance_parts import AdvanceParts
from operation_server.workflows.transitions.finish import RunChange
from operation_server.workflows.transitions.versions import DeployedVersion
from satellite.contracts.event import EventSubject, EventType, StreamEntry
from satellite.contracts.job import JobStatus
from satellite.contracts.workflow import WorkflowSettings
from satellite.contracts.workflow_run import TaskStatus


@dataclass(kw_only=True)
class Look:
    """A locked run that is advanced."""

    connection: Connection
    run: Row[Any]
    version: DeployedVersion
    parts: AdvanceParts
    change: RunChange
    entries: list[StreamEntry] = field(default_factory=list)
    """What is to be published after the commit."""
    _told: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def graph(self) -> WorkflowGraph:
        """Return the tasks and their edges."""
        return self.version.graph

    @property
    def settings(self) -> WorkflowSettings:
        """Return the limits of the run."""
        return self.version.definition.settings

    @property
    def is_new(self) -> bool:
        """Tell whether the run begins with this look."""
        return bool(self.run.status == JobStatus.QUEUED)

    @property
    def is_cancelling(self) -> bool:
        """Tell whether the run is to end."""
        return self.run.cancel_requested_at is not None

    def note(self, task: str, status: TaskStatus, **more: Any) -> None:
        """Note how far a task is; of several notes one is told, with the newest of what each had."""
        told = self._told.setdefault(task, {"task": task})
        told["status"] = status
        told.update({key: value for key, value in more.items() if value is not None})

    def tell(self) -> None:
        """Store the events of what was noted."""
        subject = Subject(self.run.id, self.run.uid, self.run.owner_id, EventSubject.RUN)
        events = [status_event(subject, JobStatus.PROCESSING, 0)] if self.is_new else []
        events += [
            NewEvent(subject, EventType.TASK, orjson.dumps(told).decode()) for told in self._told.values()
        ]
        self.entries += insert_events(self.connection, events)
