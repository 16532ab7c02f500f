"""Which runs of workflows are meant."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BindParameter, ColumnElement, bindparam

from operation_server.models import WorkflowRun
from satellite.contracts.job import JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs are meant; None means any."""

    owner_id: int | None = None
    status: JobStatus | None = None
    workflow_id: int | None = None
    before_id: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL."""
        found: list[ColumnElement[bool]] = []
        if self.owner_id is not None:
            found.append(WorkflowRun.owner_id == self.owner_id)
        if self.status is not None:
            # Written out, so that the planner sees that a partial index applies.
            wanted: BindParameter[str] = bindparam("wanted_run", self.status.value, literal_execute=True)
            found.append(WorkflowRun.status == wanted)
        if self.workflow_id is not None:
            found.append(WorkflowRun.workflow_id == self.workflow_id)
        if self.before_id is not None:
            found.append(WorkflowRun.id < self.before_id)
        return found
