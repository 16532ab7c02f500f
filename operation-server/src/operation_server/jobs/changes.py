"""Cancels jobs and runs them again.

Each change is made on a connection, so that more can join its transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.rows import AnyRow
from operation_server.jobs import repository
from operation_server.jobs.access import within
from operation_server.jobs.after_commit import AfterCommit
from operation_server.jobs.document import JobDocument, job_document
from operation_server.jobs.errors import (
    InputFilesMissing,
    JobAlreadyFinished,
    JobNotFound,
    JobNotRetryable,
)
from operation_server.jobs.repository import JobFilter
from operation_server.jobs.runs import RunChanges
from operation_server.jobs.submission.input_files import find_gone
from operation_server.jobs.transitions import CancelRequested, replay, request_cancel
from operation_server.limits.submissions import SubmissionLimits
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from satellite.contracts.event import StreamEntry
from satellite.contracts.job import JobStatus

CANCELLED_AT_ONCE = 500
"""Jobs that one transaction of a bulk cancel locks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkCancel:
    """How many jobs a bulk cancel found in which state."""

    cancelled: int = 0
    cancelling: int = 0
    already_finished: int = 0

    def __add__(self, requested: CancelRequested) -> BulkCancel:
        """Return both together."""
        return BulkCancel(
            cancelled=self.cancelled + len(requested.cancelled),
            cancelling=self.cancelling + len(requested.cancelling),
            already_finished=self.already_finished + len(requested.already_finished),
        )


class JobChangeService:
    """Changes jobs for who may change them."""

    def __init__(
        self,
        connections: Connections,
        *,
        after_commit: AfterCommit,
        limits: SubmissionLimits,
        runs: RunChanges,
    ) -> None:
        self._connections = connections
        self._runs = runs
        self._after_commit = after_commit
        self._limits = limits

    async def cancel(self, caller: Account, job_id: int) -> JobDocument:
        """Cancel a job or a run of a workflow, and return it.

        It has ended if it was waiting, and is `cancelling` if a worker holds it.

        Raises:
            JobAlreadyFinished: there is nothing to cancel.
        """
        async with self._connections.begin() as connection:
            try:
                row, requested = await cancel_job(connection, caller, job_id)
            except JobNotFound:
                await _require_run(connection, caller, job_id)
                requested = await self._runs.cancel(connection, caller, job_id)
                row = await _find_run(connection, caller, job_id)
        self._tell(requested)
        return job_document(row)

    async def cancel_many(self, caller: Account, wanted: JobFilter) -> BulkCancel:
        """Cancel all unfinished jobs of the caller's that match, a few hundred in each transaction."""
        done = BulkCancel()
        after_id = 0
        while True:
            async with self._connections.begin() as connection:
                ids, requested = await cancel_page(connection, caller, wanted, after_id=after_id)
            self._tell(requested)
            done += requested
            if len(ids) < CANCELLED_AT_ONCE:
                return done
            after_id = ids[-1]

    async def retry(self, caller: Account, job_id: int) -> JobDocument:
        """Queue a failed or cancelled job again with a fresh retry budget, and return it.

        Raises:
            JobNotRetryable: it is in another state.
            InputFilesMissing: files of its input are gone.
            RateExceeded, QueueQuotaReached: the caller submits or has too much.
        """
        await self._limits.admit(caller.id)
        async with self._connections.begin() as connection:
            try:
                row, entries = await retry_job(connection, caller, job_id)
            except JobNotFound:
                await _require_run(connection, caller, job_id)
                entries = await self._runs.retry(connection, caller, job_id)
                row = await _find_run(connection, caller, job_id)
        self._after_commit.publish(entries)
        return job_document(row)

    def _tell(self, requested: CancelRequested) -> None:
        self._after_commit.publish(requested.entries)
        self._after_commit.signal_cancel(requested.cancelling)


async def _require_run(connection: AsyncConnection, caller: Account, job_id: int) -> None:
    """Refuse callers who may not change the run of a number that no job has."""
    head = await repository.find_run_head(connection, job_id)
    within(require(caller, Permission.CHANGE_JOBS), head, job_id)


async def _find_run(connection: AsyncConnection, caller: Account, run_id: int) -> AnyRow:
    row = await repository.find_run(connection, run_id)
    return within(require(caller, Permission.CHANGE_JOBS), row, run_id)


async def cancel_job(
    connection: AsyncConnection, caller: Account, job_id: int
) -> tuple[AnyRow, CancelRequested]:
    """Cancel a job of the caller's; return it as a document, and what to tell after the commit.

    Raises:
        JobNotFound, JobNotYours: it is not within their reach.
        JobAlreadyFinished: there is nothing to cancel.
    """
    reach = require(caller, Permission.CHANGE_JOBS)
    within(reach, await repository.find_head(connection, job_id), job_id)
    requested = await connection.run_sync(request_cancel, [job_id])
    if requested.already_finished:
        raise JobAlreadyFinished(f"Job {job_id} has finished; there is nothing to cancel.")
    await record(connection, caller, Action.CANCEL_JOB, job_id)
    return within(reach, await repository.find(connection, job_id), job_id), requested


async def cancel_page(
    connection: AsyncConnection, caller: Account, wanted: JobFilter, *, after_id: int
) -> tuple[list[int], CancelRequested]:
    """Cancel the next jobs of the caller's that match and have not finished.

    Returns their ids, and what to tell after the commit.
    """
    ids = await repository.list_ids(
        connection,
        wanted.within(require(caller, Permission.CHANGE_JOBS)),
        statuses=(JobStatus.QUEUED, JobStatus.PROCESSING),
        after_id=after_id,
        limit=CANCELLED_AT_ONCE,
    )
    requested = await connection.run_sync(request_cancel, ids)
    cancelled = (*requested.cancelled, *(key.job_id for key in requested.cancelling))
    await record(connection, caller, Action.CANCEL_JOB, *cancelled)
    return ids, requested


async def retry_job(
    connection: AsyncConnection, caller: Account, job_id: int
) -> tuple[AnyRow, list[StreamEntry]]:
    """Queue a job of the caller's again; return it as a document, and what to publish after the commit.

    Raises:
        JobNotFound, JobNotYours: it is not within their reach.
        JobNotRetryable: it has neither failed nor been cancelled.
        InputFilesMissing: files of its input are gone.
    """
    reach = require(caller, Permission.CHANGE_JOBS)
    head = within(reach, await repository.find_head(connection, job_id), job_id)
    if head.run_id is not None:
        raise JobNotRetryable(_why_not(head))
    if head.needs_files and (gone := await find_gone(connection, [job_id])):
        raise InputFilesMissing(gone[job_id])
    entries = await connection.run_sync(replay, [job_id])
    if not entries:
        raise JobNotRetryable
    await record(connection, caller, Action.RETRY_JOB, job_id)
    return within(reach, await repository.find(connection, job_id), job_id), entries


def _why_not(head: AnyRow) -> str:
    return f"The job is a step of run {head.run_id}; retry the run: POST /api/v1/jobs/{head.run_id}/retry"
