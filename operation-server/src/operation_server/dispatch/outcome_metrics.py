"""Tells the metrics what a transaction of the results consumer did."""

from __future__ import annotations

from operation_server.dispatch.cluster_ends import tell_of_cluster
from operation_server.jobs.transitions import AppliedOutcomes
from operation_server.metrics import recording


def count_reports(reports: int, applied: AppliedOutcomes) -> None:
    """Count a committed batch of reports and the attempts that it ended."""
    recording.reports_applied(reports)
    recording.outcomes_applied(len(applied.applied), stale=applied.stale)
    for end in applied.ended:
        status = end.decision.status
        recording.attempt_ended(
            plugin_name=end.job.plugin_name,
            outcome=end.outcome,
            status=status,
            has_ended=status.is_terminal,
            timings=end.timings,
        )
        tell_of_cluster(end)
