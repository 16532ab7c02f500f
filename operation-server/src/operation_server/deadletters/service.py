"""The rules about dead letters: jobs that failed for good, and their replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import structlog

from operation_server.accounts.access import Permission, Reach, require, visible_to
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.deadletters import repository
from operation_server.deadletters.errors import DeadLetterNotFound
from operation_server.deadletters.fitness import Misfit, find_misfits
from operation_server.jobs import repository as jobs
from operation_server.jobs.after_commit import AfterCommit
from operation_server.jobs.document import JobDocument, accepted_document, job_document
from operation_server.jobs.errors import InputInvalid
from operation_server.jobs.repository import JobFilter
from operation_server.jobs.submission.input_files import find_gone
from operation_server.jobs.transitions import replay
from operation_server.limits.errors import QueueQuotaReached, RateExceeded
from operation_server.limits.submissions import SubmissionLimits
from operation_server.plugins.catalog import PluginCatalog, RegisteredPlugin
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from satellite.contracts.event import StreamEntry
from satellite.contracts.job import JobStatus

REPLAYED_AT_ONCE = 500
"""Jobs that one transaction of a bulk replay locks."""
MISFITS_TOLD = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkReplay:
    """How many jobs run again, how many do not fit the wanted version, and the first of those."""

    replayed: int = 0
    unfit: int = 0
    misfits: list[Misfit] = field(default_factory=list)
    stopped_by: str | None = None
    """The limit of the caller's at which it stopped."""

    def __add__(self, other: BulkReplay) -> BulkReplay:
        """Return both together."""
        return BulkReplay(
            replayed=self.replayed + other.replayed,
            unfit=self.unfit + other.unfit,
            misfits=[*self.misfits, *other.misfits][:MISFITS_TOLD],
        )


log = structlog.get_logger(__name__)


class DeadLetterService:
    """Lists failed jobs, groups them by what went wrong, and runs them again."""

    def __init__(
        self,
        connections: Connections,
        *,
        catalog: PluginCatalog,
        after_commit: AfterCommit,
        limits: SubmissionLimits,
    ) -> None:
        self._connections = connections
        self._catalog = catalog
        self._after_commit = after_commit
        self._limits = limits

    async def list_page(
        self, caller: Account, wanted: JobFilter, *, skip: int, limit: int
    ) -> tuple[int, list[JobDocument]]:
        """Return the capped number of dead letters and a page of them, newest first."""
        wanted = _dead(visible_to(caller), wanted)
        async with self._connections.connect() as connection:
            rows = await jobs.list_page(
                connection, wanted, before_id=None, skip=skip, limit=limit, document=repository.DEAD_LETTER
            )
            total = await jobs.count(connection, wanted)
        return total, [job_document(row) for row in rows]

    async def list_groups(
        self, caller: Account, wanted: JobFilter, *, skip: int, limit: int
    ) -> tuple[int, list[dict[str, Any]]]:
        """Return the number of groups of equal failures and a page of them, the largest first."""
        async with self._connections.connect() as connection:
            total, rows = await repository.list_groups(
                connection, _dead(visible_to(caller), wanted), skip=skip, limit=limit
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
            InputInvalid: its input breaks the schema of that version, or it widens what that requires.
        """
        done = await self.replay_many(caller, JobFilter(ids=[job_id]), plugin_version=plugin_version)
        if done.misfits:
            raise InputInvalid(done.misfits[0].violations)
        if not done.replayed:
            raise DeadLetterNotFound(f"There is no dead letter {job_id}.")
        try:
            async with self._connections.connect() as connection:
                row = await jobs.find(connection, job_id)
        except Exception:
            # It is queued again: a client that is told of a failure would find no dead letter any more.
            log.exception("a replayed job cannot be shown", job_id=job_id)
            row = None
        return accepted_document(job_id) if row is None else job_document(row)

    async def replay_many(
        self, caller: Account, wanted: JobFilter, *, plugin_version: str | None
    ) -> BulkReplay:
        """Run all dead letters that match again, by default with their own version.

        Those that another version does not take stay dead letters, and so do those beyond a limit of the
        caller's.

        Raises:
            PluginNotFound: a plugin among them has no such version.
            RateExceeded, QueueQuotaReached: the caller submits or has too much already.
        """
        wanted = replace(_dead(require(caller, Permission.CHANGE_JOBS), wanted), status=None)
        done = BulkReplay()
        after_id = 0
        while True:
            async with self._connections.connect() as connection:
                page = await jobs.list_ids(
                    connection,
                    wanted,
                    statuses=(JobStatus.FAILED,),
                    after_id=after_id,
                    limit=REPLAYED_AT_ONCE,
                )
                by_name = await jobs.group_by_plugin(connection, page)
            versions = {
                name: None if plugin_version is None else await self._catalog.get(name, plugin_version)
                for name in by_name
            }
            for name, ids in by_name.items():
                try:
                    done += await self._replay_with(caller, versions[name], ids)
                except (RateExceeded, QueueQuotaReached) as limit:
                    if not done.replayed:
                        raise
                    return replace(done, stopped_by=limit.code)
            if len(page) < REPLAYED_AT_ONCE:
                return done
            after_id = page[-1]

    async def _replay_with(
        self, caller: Account, plugin: RegisteredPlugin | None, job_ids: Sequence[int]
    ) -> BulkReplay:
        """Run jobs of one plugin again, with another version if it is given and their inputs fit it."""
        misfits = [] if plugin is None else await find_misfits(self._connections, plugin, job_ids)
        unfit = {misfit.job_id for misfit in misfits}
        fit = [job_id for job_id in job_ids if job_id not in unfit]
        if fit:
            await self._limits.admit(caller.id, jobs=len(fit))
        async with self._connections.begin() as connection:
            gone = await find_gone(connection, fit)
            fit = [job_id for job_id in fit if job_id not in gone]
            entries = await replay_letters(connection, caller, fit, plugin)
        self._after_commit.publish(entries)
        misfits += [Misfit(job_id, violations) for job_id, violations in gone.items()]
        return BulkReplay(replayed=len(entries), unfit=len(misfits), misfits=misfits)


async def replay_letters(
    connection: AsyncConnection, caller: Account, job_ids: Sequence[int], plugin: RegisteredPlugin | None
) -> list[StreamEntry]:
    """Run dead letters again, with another version of their plugin if it is given.

    Returns what to publish after the commit, one entry for each.
    """
    version = None if plugin is None else plugin.manifest.version
    entries = await connection.run_sync(
        replay, job_ids, plugin_id=None if plugin is None else plugin.id, plugin_version=version
    )
    replayed = [entry.job_id for entry in entries]
    await record(connection, caller, Action.REPLAY_JOB, *replayed, plugin_version=version)
    return entries


def _dead(reach: Reach, wanted: JobFilter) -> JobFilter:
    return replace(wanted.within(reach), status=JobStatus.FAILED, is_step=False)
