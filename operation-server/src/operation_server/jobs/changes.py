"""Cancels jobs and runs them again.

Each change is made on a connection, so that more can join its transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from operation_server.accounts.access import Permission, Reach, require
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.rows import AnyRow
from operation_server.jobs import repository
from operation_server.jobs.access import within
from operation_server.jobs.after_commit import AfterCommit
from operation_server.jobs.document import JobDocument, job_document
from operation_server.jobs.errors import JobAlreadyFinished, JobNotRetryable
from operation_server.jobs.repository import JobFilter
from operation_server.jobs.transitions import CancelRequested, replay, request_cancel
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

    def __init__(self, connections: Connections, *, after_commit: AfterCommit) -> None:
        self._connections = connections
        self._after_commit = after_commit

    async def cancel(self, caller: Account, job_id: int) -> JobDocument:
        """Cancel a job and return it: ended when it was waiting, `cancelling` when a worker holds it.

        Raises:
            JobAlreadyFinished: there is nothing to cancel.
        """
        reach = require(caller, Permission.CHANGE_JOBS)
        async with self._connections.begin() as connection:
            row, requested = await cancel_job(connection, reach, job_id)
        self._tell(requested)
        return job_document(row)

    async def cancel_many(self, caller: Account, wanted: JobFilter) -> BulkCancel:
        """Cancel all unfinished jobs of the caller's that match, a few hundred in each transaction."""
        wanted = replace(wanted, owner_id=require(caller, Permission.CHANGE_JOBS).owner_id)
        done = BulkCancel()
        after_id = 0
        while True:
            async with self._connections.begin() as connection:
                ids, requested = await cancel_page(connection, wanted, after_id=after_id)
            self._tell(requested)
            done += requested
            if len(ids) < CANCELLED_AT_ONCE:
                return done
            after_id = ids[-1]

    async def retry(self, caller: Account, job_id: int) -> JobDocument:
        """Queue a failed or cancelled job again with a fresh retry budget, and return it.

        Raises:
            JobNotRetryable: it is in another state.
        """
        reach = require(caller, Permission.CHANGE_JOBS)
        async with self._connections.begin() as connection:
            row, entries = await retry_job(connection, reach, job_id)
        self._after_commit.publish(entries)
        return job_document(row)

    def _tell(self, requested: CancelRequested) -> None:
        self._after_commit.publish(requested.entries)
        self._after_commit.signal_cancel(requested.cancelling)


async def cancel_job(
    connection: AsyncConnection, reach: Reach, job_id: int
) -> tuple[AnyRow, CancelRequested]:
    """Cancel a job within reach; return it as a document, and what to tell after the commit.

    Raises:
        JobNotFound, JobNotYours: it is not within reach.
        JobAlreadyFinished: there is nothing to cancel.
    """
    within(reach, await repository.find_head(connection, job_id), job_id)
    requested = await connection.run_sync(request_cancel, [job_id])
    if requested.already_finished:
        raise JobAlreadyFinished(f"Job {job_id} has finished; there is nothing to cancel.")
    return within(reach, await repository.find(connection, job_id), job_id), requested


async def cancel_page(
    connection: AsyncConnection, wanted: JobFilter, *, after_id: int
) -> tuple[list[int], CancelRequested]:
    """Cancel the next unfinished jobs that match; return their ids, and what to tell after the commit."""
    ids = await repository.list_ids(
        connection,
        wanted,
        statuses=(JobStatus.QUEUED, JobStatus.PROCESSING),
        after_id=after_id,
        limit=CANCELLED_AT_ONCE,
    )
    return ids, await connection.run_sync(request_cancel, ids)


async def retry_job(
    connection: AsyncConnection, reach: Reach, job_id: int
) -> tuple[AnyRow, list[StreamEntry]]:
    """Queue a job within reach again; return it as a document, and what to publish after the commit.

    Raises:
        JobNotFound, JobNotYours: it is not within reach.
        JobNotRetryable: it has neither failed nor been cancelled.
    """
    within(reach, await repository.find_head(connection, job_id), job_id)
    entries = await connection.run_sync(replay, [job_id])
    if not entries:
        raise JobNotRetryable
    return within(reach, await repository.find(connection, job_id), job_id), entries
