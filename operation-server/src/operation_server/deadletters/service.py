"""The rules about dead letters: jobs that failed for good, and their replay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import structlog

from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.deadletters import repository
from operation_server.deadletters.errors import DeadLetterNotFound
from operation_server.jobs import repository as jobs
from operation_server.jobs.after_commit import AfterCommit
from operation_server.jobs.document import DEAD_LETTER
from operation_server.jobs.repository import JobFilter
from operation_server.jobs.schemas import JobDocument, accepted_document, job_document
from operation_server.jobs.transitions import replay
from operation_server.plugins.errors import PluginNotFound
from satellite.contracts.job import JobStatus

REPLAYED_AT_ONCE = 500
"""Jobs that one transaction of a bulk replay locks."""

log = structlog.get_logger(__name__)


class DeadLetterService:
    """Lists failed jobs, groups them by what went wrong, and runs them again."""

    def __init__(self, connections: Connections, *, after_commit: AfterCommit) -> None:
        self._connections = connections
        self._after_commit = after_commit

    async def list_page(
        self, caller: Account, wanted: JobFilter, *, skip: int, limit: int
    ) -> tuple[int, list[JobDocument]]:
        """Return the capped number of dead letters and a page of them, newest first."""
        wanted = _dead(caller, wanted)
        async with self._connections.connect() as connection:
            rows = await jobs.list_page(
                connection, wanted, before_id=None, skip=skip, limit=limit, document=DEAD_LETTER
            )
            total = await jobs.count(connection, wanted)
        return total, [job_document(row) for row in rows]

    async def list_groups(
        self, caller: Account, wanted: JobFilter, *, skip: int, limit: int
    ) -> tuple[int, list[dict[str, Any]]]:
        """Return the number of groups of equal failures and a page of them, the largest first."""
        async with self._connections.connect() as connection:
            total, rows = await repository.list_groups(
                connection, _dead(caller, wanted), skip=skip, limit=limit
            )
        # Names of a subquery's columns are a subclass of str, which the serialiser does not take for a key.
        return total, [
            {str(name): value for name, value in row._asdict().items()}
            | {"example": orjson.Fragment(row.example or "null")}
            for row in rows
        ]

    async def replay_one(self, caller: Account, job_id: int, *, plugin_version: str | None) -> JobDocument:
        """Run a dead letter again and return its job.

        Raises:
            DeadLetterNotFound: the job is not among the caller's dead letters.
            PluginNotFound: its plugin has no such version.
        """
        replayed = await self.replay_many(caller, JobFilter(ids=[job_id]), plugin_version=plugin_version)
        if not replayed:
            raise DeadLetterNotFound(f"There is no dead letter {job_id}.")
        try:
            async with self._connections.connect() as connection:
                row = await jobs.find(connection, job_id)
        except Exception:
            # It is queued again: a client that is told of a failure would find no dead letter any more.
            log.exception("a replayed job cannot be shown", job_id=job_id)
            row = None
        return accepted_document(job_id) if row is None else job_document(row)

    async def replay_many(self, caller: Account, wanted: JobFilter, *, plugin_version: str | None) -> int:
        """Run all dead letters that match again, by default with their own version; return how many.

        Raises:
            PluginNotFound: a plugin among them has no such version.
        """
        wanted = _dead(caller, wanted)
        count = 0
        after_id = 0
        while True:
            async with self._connections.begin() as connection:
                page = await jobs.list_ids(
                    connection,
                    replace(wanted, status=None),
                    statuses=(JobStatus.FAILED,),
                    after_id=after_id,
                    limit=REPLAYED_AT_ONCE,
                )
                entries = []
                for name, ids in (await jobs.group_by_plugin(connection, page)).items():
                    plugin_id = None
                    if plugin_version is not None:
                        plugin_id = await repository.find_plugin_id(connection, name, plugin_version)
                        if plugin_id is None:
                            raise PluginNotFound(f"There is no plugin {name} version {plugin_version}.")
                    entries += await connection.run_sync(
                        replay, ids, plugin_id=plugin_id, plugin_version=plugin_version
                    )
            self._after_commit.publish(entries)
            count += len(entries)
            if len(page) < REPLAYED_AT_ONCE:
                return count
            after_id = page[-1]


def _dead(caller: Account, wanted: JobFilter) -> JobFilter:
    owner_id = None if caller.is_admin else caller.id
    return replace(wanted, status=JobStatus.FAILED, owner_id=owner_id)
