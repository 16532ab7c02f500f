"""Accepts jobs, one or many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.database.errors import IntegrityError
from operation_server.database.shared_calls import SharedCalls
from operation_server.jobs.after_commit import AfterCommit
from operation_server.jobs.document import JobDocument, accepted_document, submitted_document
from operation_server.jobs.schemas import BatchItem, JobCreate
from operation_server.jobs.submission.batch import check_batch, store_batch
from operation_server.jobs.submission.idempotency import find_first
from operation_server.jobs.submission.new_job import new_job
from operation_server.jobs.transitions import NewJob, submit_jobs
from operation_server.plugins.catalog import PluginCatalog

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A job as the caller sees it, and whether it existed under its idempotency key."""

    document: JobDocument
    replayed: bool = False


class SubmissionService:
    """Stores jobs whose requests are right."""

    def __init__(
        self, connections: Connections, *, catalog: PluginCatalog, after_commit: AfterCommit
    ) -> None:
        self._connections = connections
        self._catalog = catalog
        self._after_commit = after_commit
        self._submit = SharedCalls(self._submit_many)

    async def submit(self, caller: Account, request: JobCreate, *, idempotency_key: str | None) -> Submission:
        """Store a job; the same key and request again give the first job.

        Raises:
            PluginNotFound: there is no such plugin version.
            InputInvalid: the request breaks a rule of its plugin.
            IdempotencyKeyReused: the key was used for another request.
        """
        require(caller, Permission.CHANGE_JOBS)
        first = await self._find_first(caller, request, idempotency_key)
        if first is not None:
            return first
        plugin = await self._catalog.get(request.plugin_name, request.plugin_version)
        job = await new_job(request, plugin, caller, idempotency_key=idempotency_key)
        try:
            job_id, created_at = await self._submit(job)
        except IntegrityError:
            # Another request with the same key was faster.
            first = await self._find_first(caller, request, idempotency_key)
            if first is None:
                raise
            return first
        return Submission(document=_accepted(job, job_id, created_at))

    async def submit_batch(self, caller: Account, requests: Sequence[BatchItem]) -> tuple[list[int], int]:
        """Store all jobs or none; return their ids in order and how many existed under their keys.

        Raises:
            BatchInvalid: a request breaks a rule of its plugin; all violations are named by index.
            InputNotCheckable: checking all inputs takes too long.
            IdempotencyKeyReused: a key was used for another request, in this batch or before.
        """
        require(caller, Permission.CHANGE_JOBS)
        jobs = await check_batch(self._catalog, caller, requests)
        try:
            return await self._store(caller, jobs)
        except IntegrityError:
            # Another request with one of the keys was faster; now its job is found.
            return await self._store(caller, jobs)

    async def _store(self, caller: Account, jobs: Sequence[NewJob]) -> tuple[list[int], int]:
        async with self._connections.begin() as connection:
            stored = await store_batch(connection, caller, jobs)
        self._after_commit.publish(stored.entries)
        return stored.ids, stored.replayed

    async def _submit_many(self, jobs: Sequence[NewJob]) -> Sequence[tuple[int, datetime]]:
        # A submission is a single statement, so it needs no transaction around it.
        async with self._connections.connect() as connection:
            submitted = await connection.run_sync(submit_jobs, jobs)
        self._after_commit.publish(submitted.entries)
        return [(job_id, submitted.created_at) for job_id in submitted.ids]

    async def _find_first(self, caller: Account, request: JobCreate, key: str | None) -> Submission | None:
        if key is None:
            return None
        first = await find_first(self._connections, caller, request, key)
        return None if first is None else Submission(document=first, replayed=True)


def _accepted(job: NewJob, job_id: int, created_at: datetime) -> JobDocument:
    try:
        return submitted_document(job, job_id=job_id, created_at=created_at)
    except Exception:
        # The job is stored and runs: a client that is told of a failure would submit it again.
        log.exception("a submitted job cannot be shown", job_id=job_id)
        return accepted_document(job_id)
