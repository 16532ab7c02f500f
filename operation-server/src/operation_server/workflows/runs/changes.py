"""What changes runs on request, each on a connection, so that more can join its transaction."""

from __future__ import annotations

from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection
from operation_server.jobs.errors import JobAlreadyFinished, JobNotRetryable
from operation_server.jobs.runs import RunChanges
from operation_server.jobs.transitions import CancelRequested
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from operation_server.workflows.transitions import VersionMemory, cancel_run, retry_run
from satellite.contracts.event import StreamEntry


class WorkflowRunChanges(RunChanges):
    """Changes runs for the routes of jobs, which have looked whose they are."""

    def __init__(self, versions: VersionMemory) -> None:
        self._versions = versions

    async def cancel(self, connection: AsyncConnection, caller: Account, run_id: int) -> CancelRequested:
        """Cancel a run, and return what to tell after the commit.

        Raises:
            JobAlreadyFinished: there is nothing to cancel.
        """
        cancelled = await connection.run_sync(cancel_run, run_id)
        if cancelled.is_over:
            raise JobAlreadyFinished(f"Run {run_id} has finished; there is nothing to cancel.")
        await record(connection, caller, Action.CANCEL_RUN, run_id)
        return CancelRequested(cancelling=cancelled.cancelling, entries=cancelled.entries)

    async def retry(self, connection: AsyncConnection, caller: Account, run_id: int) -> list[StreamEntry]:
        """Run again what of a run did not complete, and return what to publish after the commit.

        Raises:
            JobNotRetryable: it has neither failed nor been cancelled.
        """
        entries = await connection.run_sync(retry_run, run_id, self._versions)
        if not entries:
            raise JobNotRetryable(f"Run {run_id} has neither failed nor been cancelled.")
        await record(connection, caller, Action.RETRY_RUN, run_id)
        return entries
