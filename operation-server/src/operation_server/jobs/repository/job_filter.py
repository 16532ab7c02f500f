"""Which jobs are meant."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, bindparam

from operation_server.accounts.access import Reach
from operation_server.models import Job
from satellite.contracts.job import JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs are meant; None means any."""

    owner_id: int | None = None
    status: JobStatus | None = None
    plugin_name: str | None = None
    fingerprint: str | None = None
    error_kind: str | None = None
    ids: Sequence[int] | None = None
    plugin_names: Collection[str] | None = None
    is_step: bool | None = None
    run_id: int | None = None
    """The run that it is a step of."""
    before_id: int | None = None

    def within(self, reach: Reach) -> JobFilter:
        """Return the filter narrowed to what is within reach."""
        return replace(self, owner_id=reach.owner_id, plugin_names=reach.plugins)

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL."""
        equal = (
            (Job.owner_id, self.owner_id),
            (Job.plugin_name, self.plugin_name),
            (Job.error_fingerprint, self.fingerprint),
            (Job.error["kind"].astext, self.error_kind),
            (Job.run_id, self.run_id),
        )
        found: list[ColumnElement[bool]] = [column == value for column, value in equal if value is not None]
        if self.status is not None:
            # Written out, so that the planner sees that a partial index applies.
            found.append(Job.status == bindparam("wanted_status", self.status.value, literal_execute=True))
        if self.ids is not None:
            found.append(Job.id.in_(self.ids))
        if self.plugin_names is not None:
            found.append(Job.plugin_name.in_(self.plugin_names))
        if self.is_step is not None:
            found.append(Job.run_id.is_not(None) if self.is_step else Job.run_id.is_(None))
        if self.before_id is not None:
            found.append(Job.id < self.before_id)
        return found
