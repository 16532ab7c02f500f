"""Sets a report aside that cannot be applied: kept for admins, and its job ended with the reason."""

from __future__ import annotations

import structlog

from operation_server.database.connections import Connection
from operation_server.database.storable_text import storable_text
from operation_server.dispatch.reports import UnusableReport
from operation_server.faults import is_outage, reason_of
from operation_server.jobs.transitions import give_up_attempts
from operation_server.rejections import repository
from satellite.contracts.event import StreamEntry
from satellite.contracts.outcome import ErrorKind, JobError

log = structlog.get_logger(__name__)


def set_aside(connection: Connection, report: UnusableReport) -> tuple[bool, list[StreamEntry]]:
    """Keep a report, end its job, and return whether it is newly kept and what to publish; safe to repeat.

    Raises:
        Exception: there is an outage.
    """
    kept = repository.keep(
        connection,
        message=report.raw,
        task=report.task,
        attempt=report.attempt,
        reason=reason_of(report.error),
        body=report.body,
    )
    repository.prune(connection)
    return kept, _end_attempt(connection, report)


def _end_attempt(connection: Connection, report: UnusableReport) -> list[StreamEntry]:
    if report.attempt is None or not report.ends_attempt:
        return []
    try:
        with connection.begin_nested():
            return give_up_attempts(connection, {report.attempt: _job_error(report.error)})
    except Exception as error:
        if is_outage(error):
            raise
        # Its lease runs out, and the reconciler takes the attempt for lost.
        log.exception("the job of a rejected report cannot be ended", attempt=report.attempt)
        return []


def _job_error(error: Exception) -> JobError:
    """Return what the job's owner is told; what a plugin wrote is looked at before, so it is not to blame."""
    message = f"The worker's report of the attempt cannot be applied: {reason_of(error)}"
    return JobError(kind=ErrorKind.INTERNAL, message=storable_text(message))
