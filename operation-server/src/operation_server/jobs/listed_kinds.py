"""What a list of jobs and runs is narrowed to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from operation_server.accounts.access import Reach
from operation_server.jobs.repository import JobFilter, RunFilter
from satellite.contracts.job import JobStatus


class Kind(StrEnum):
    """Jobs, and runs of workflows: both are numbered by one sequence."""

    JOB = "job"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKinds:
    """Which jobs and runs are wanted; None means any."""

    kind: Kind | None = None
    status: JobStatus | None = None
    plugin_name: str | None = None
    workflow_id: int | None = None
    run_id: int | None = None
    """Only the jobs that are steps of this run, which no other list has."""
    before_id: int | None = None

    def within(self, reach: Reach) -> tuple[JobFilter | None, RunFilter | None]:
        """Return which jobs and which runs are wanted of those within reach; None where there can be none."""
        return self._jobs(reach), self._runs(reach)

    def _jobs(self, reach: Reach) -> JobFilter | None:
        if self.kind is Kind.RUN or self.workflow_id is not None:
            return None
        return JobFilter(
            status=self.status,
            plugin_name=self.plugin_name,
            is_step=False if self.run_id is None else None,
            run_id=self.run_id,
            before_id=self.before_id,
        ).within(reach)

    def _runs(self, reach: Reach) -> RunFilter | None:
        names_jobs = self.plugin_name is not None or self.run_id is not None
        if self.kind is Kind.JOB or names_jobs or reach.plugins is not None:
            return None
        return RunFilter(
            owner_id=reach.owner_id,
            status=self.status,
            workflow_id=self.workflow_id,
            before_id=self.before_id,
        )
