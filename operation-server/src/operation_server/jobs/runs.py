"""What the routes of jobs ask about runs of workflows, which are numbered and cancelled like jobs."""

from __future__ import annotations

from typing import Protocol

from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection
from operation_server.jobs.transitions import CancelRequested
from satellite.contracts.event import StreamEntry


class RunChanges(Protocol):
    """Changes runs; each on a connection, so that more can join its transaction."""

    async def cancel(self, connection: AsyncConnection, caller: Account, run_id: int) -> CancelRequested:
        """Cancel a run, and return what to tell after the commit.

        Raises:
            JobAlreadyFinished: there is nothing to cancel.
        """

    async def retry(self, connection: AsyncConnection, caller: Account, run_id: int) -> list[StreamEntry]:
        """Run again what of a run did not complete, and return what to publish after the commit.

        Raises:
            JobNotRetryable: it has neither failed nor been cancelled.
        """
