"""The rules about jobs: submitting, reading, cancelling and running them again."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError

from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.database.rows import AnyRow
from operation_server.database.shared_calls import SharedCalls
from operation_server.jobs import repository
from operation_server.jobs.after_commit import AfterCommit
from operation_server.jobs.errors import (
    BatchInvalid,
    IdempotencyKeyReused,
    InputInvalid,
    JobAlreadyFinished,
    JobNotFound,
    JobNotRetryable,
    JobNotYours,
    LogNotFound,
)
from operation_server.jobs.explain import Explainer, Explanation
from operation_server.jobs.put_aside import AsideNotes
from operation_server.jobs.repository import JobFilter
from operation_server.jobs.schemas import (
    BatchItem,
    JobCreate,
    JobDocument,
    accepted_document,
    attempt_fields,
    job_document,
    submitted_document,
)
from operation_server.jobs.submission import new_job
from operation_server.jobs.transitions import NewJob, replay, request_cancel, submit_jobs
from operation_server.live.hub import Hub
from operation_server.plugins.catalog import PluginCatalog
from operation_server.plugins.errors import InputNotCheckable, PluginNotFound, PluginUnusable
from operation_server.problems import Violation
from operation_server.workers.service import WorkerService
from satellite.contracts.job import JobStatus

CANCELLED_AT_ONCE = 500
"""Jobs that one transaction of a bulk cancel locks."""
MOST_BATCH_VIOLATIONS = 1_000
BATCH_CHECK_S = 20.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A job as the caller sees it, and whether it existed under its idempotency key."""

    document: JobDocument
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkCancel:
    """How many jobs a bulk cancel found in which state."""

    cancelled: int = 0
    cancelling: int = 0
    already_finished: int = 0


class JobService:
    """Accepts jobs and tells about them."""

    def __init__(
        self,
        connections: Connections,
        *,
        catalog: PluginCatalog,
        after_commit: AfterCommit,
        hub: Hub,
        workers: WorkerService,
        asides: AsideNotes,
    ) -> None:
        self._connections = connections
        self._catalog = catalog
        self._after_commit = after_commit
        self._hub = hub
        self._explainer = Explainer(workers, asides)
        self._find = SharedCalls(self._find_many)
        self._submit = SharedCalls(self._submit_many)

    async def submit(self, caller: Account, request: JobCreate, *, idempotency_key: str | None) -> Submission:
        """Store a job; the same key and request again give the first job.

        Raises:
            PluginNotFound: there is no such plugin version.
            InputInvalid: the request breaks a rule of its plugin.
            IdempotencyKeyReused: the key was used for another request.
        """
        if idempotency_key is not None:
            first = await self._find_first(caller, request, idempotency_key)
            if first is not None:
                return first
        plugin = await self._catalog.get(request.plugin_name, request.plugin_version)
        job = await new_job(request, plugin, caller, idempotency_key=idempotency_key)
        try:
            job_id, created_at = await self._submit(job)
        except IntegrityError:
            # Another request with the same key was faster.
            first = (
                None if idempotency_key is None else await self._find_first(caller, request, idempotency_key)
            )
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
        try:
            async with asyncio.timeout(BATCH_CHECK_S) as budget:
                jobs = await self._check_batch(caller, requests)
        except TimeoutError as exc:
            if not budget.expired():
                raise
            raise InputNotCheckable(
                f"Checking the batch takes longer than {BATCH_CHECK_S:g} s; send fewer jobs at once."
            ) from exc
        try:
            return await self._store_batch(caller, jobs)
        except IntegrityError:
            # Another request with one of the keys was faster; now its job is found.
            return await self._store_batch(caller, jobs)

    async def get(self, caller: Account, job_id: int) -> JobDocument:
        """Return a job of the caller's.

        Raises:
            JobNotFound: there is none.
            JobNotYours: it is somebody else's and the caller is no admin.
        """
        return job_document(_allowed(caller, await self._find(job_id), job_id))

    async def wait(self, caller: Account, job_id: int, *, timeout_s: float) -> JobDocument:
        """Return a job once it has finished, or as it is after `timeout_s`."""
        await self._hub.wait_finished(job_id, timeout_s)
        return await self.get(caller, job_id)

    async def wait_submitted(
        self, caller: Account, submission: Submission, *, timeout_s: float
    ) -> JobDocument:
        """Return a submitted job once it has finished, else as it was submitted, whatever happens."""
        try:
            return await self.wait(caller, submission.document.id, timeout_s=timeout_s)
        except Exception:
            # The job is stored and runs: a client that is told of a failure would submit it again.
            log.exception("a submitted job cannot be waited for", job_id=submission.document.id)
            return submission.document

    async def list_page(
        self, caller: Account, wanted: JobFilter, *, before_id: int | None, skip: int, limit: int
    ) -> tuple[int, list[JobDocument]]:
        """Return the capped number of the caller's jobs and a page of them, newest first; admins see all."""
        wanted = _visible(caller, wanted)
        async with self._connections.connect() as connection:
            rows = await repository.list_page(connection, wanted, before_id=before_id, skip=skip, limit=limit)
            whole = before_id is None and len(rows) < limit and (rows or not skip)
            total = skip + len(rows) if whole else await repository.count(connection, wanted)
        return total, [job_document(row) for row in rows]

    async def cancel(self, caller: Account, job_id: int) -> JobDocument:
        """Cancel a job and return it: ended when it was waiting, `cancelling` when a worker holds it.

        Raises:
            JobAlreadyFinished: there is nothing to cancel.
        """
        async with self._connections.begin() as connection:
            _allowed(caller, await repository.find_head(connection, job_id), job_id)
            requested = await connection.run_sync(request_cancel, [job_id])
            if requested.already_finished:
                raise JobAlreadyFinished(f"Job {job_id} has finished; there is nothing to cancel.")
            row = await repository.find(connection, job_id)
        self._after_commit.publish(requested.entries)
        self._after_commit.signal_cancel(requested.cancelling)
        return job_document(_allowed(caller, row, job_id))

    async def cancel_many(self, caller: Account, wanted: JobFilter) -> BulkCancel:
        """Cancel all unfinished jobs of the caller's that match, a few hundred in each transaction."""
        wanted = _visible(caller, wanted)
        done = BulkCancel()
        after_id = 0
        while True:
            async with self._connections.begin() as connection:
                ids = await repository.list_ids(
                    connection,
                    wanted,
                    statuses=(JobStatus.QUEUED, JobStatus.PROCESSING),
                    after_id=after_id,
                    limit=CANCELLED_AT_ONCE,
                )
                requested = await connection.run_sync(request_cancel, ids)
            self._after_commit.publish(requested.entries)
            self._after_commit.signal_cancel(requested.cancelling)
            done = BulkCancel(
                cancelled=done.cancelled + len(requested.cancelled),
                cancelling=done.cancelling + len(requested.cancelling),
                already_finished=done.already_finished + len(requested.already_finished),
            )
            if len(ids) < CANCELLED_AT_ONCE:
                return done
            after_id = ids[-1]

    async def retry(self, caller: Account, job_id: int) -> JobDocument:
        """Queue a failed or cancelled job again with a fresh retry budget, and return it.

        Raises:
            JobNotRetryable: it is in another state.
        """
        async with self._connections.begin() as connection:
            _allowed(caller, await repository.find_head(connection, job_id), job_id)
            entries = await connection.run_sync(replay, [job_id])
            if not entries:
                raise JobNotRetryable
            row = await repository.find(connection, job_id)
        self._after_commit.publish(entries)
        return job_document(_allowed(caller, row, job_id))

    async def get_log(self, caller: Account, job_id: int, attempt: int | None) -> str:
        """Return the stored log of an attempt; of a job without any, nothing.

        Raises:
            LogNotFound: the given attempt has no log.
        """
        async with self._connections.connect() as connection:
            _allowed(caller, await repository.find_head(connection, job_id), job_id)
            row = await repository.find_log(connection, job_id, attempt)
        if row is not None:
            return (await asyncio.to_thread(zlib.decompress, row.text_zlib)).decode()
        if attempt is not None:
            raise LogNotFound(f"Job {job_id} has no log of attempt {attempt}.")
        return ""

    async def list_attempts(self, caller: Account, job_id: int) -> list[dict[str, Any]]:
        """Return a job's finished attempts in order."""
        async with self._connections.connect() as connection:
            _allowed(caller, await repository.find_head(connection, job_id), job_id)
            return [attempt_fields(row) for row in await repository.list_attempts(connection, job_id)]

    async def list_events(self, caller: Account, job_id: int, *, after_id: int = 0) -> Sequence[AnyRow]:
        """Return a job's durable events in order."""
        async with self._connections.connect() as connection:
            _allowed(caller, await repository.find_head(connection, job_id), job_id)
            return await repository.list_events(connection, job_id, after_id=after_id)

    async def get_timings(self, caller: Account, job_id: int) -> dict[str, Any]:
        """Return a job's newest timings, and whose they are."""
        async with self._connections.connect() as connection:
            return _allowed(caller, await repository.find_timings(connection, job_id), job_id)._asdict()

    async def require_access(self, caller: Account, job_id: int) -> int:
        """Refuse callers who may not see the job, and return whose it is."""
        async with self._connections.connect() as connection:
            owner_id: int = _allowed(caller, await repository.find_head(connection, job_id), job_id).owner_id
            return owner_id

    async def explain(self, caller: Account, job_id: int) -> Explanation:
        """Return why a job is where it is and what would help."""
        async with self._connections.connect() as connection:
            row = _allowed(caller, await repository.find_waiting(connection, job_id), job_id)
            return await self._explainer.explain(connection, row)

    async def _find_many(self, job_ids: Sequence[int]) -> Sequence[AnyRow | None]:
        async with self._connections.connect() as connection:
            return await repository.find_many(connection, job_ids)

    async def _submit_many(self, jobs: Sequence[NewJob]) -> Sequence[tuple[int, datetime]]:
        # A submission is a single statement, so it needs no transaction around it.
        async with self._connections.connect() as connection:
            submitted = await connection.run_sync(submit_jobs, jobs)
        self._after_commit.publish(submitted.entries)
        return [(job_id, submitted.created_at) for job_id in submitted.ids]

    async def _find_first(self, caller: Account, request: JobCreate, key: str) -> Submission | None:
        async with self._connections.connect() as connection:
            taken = (await repository.find_by_keys(connection, caller.id, [key])).get(key)
            if taken is None:
                return None
            job_id, digest = taken
            if digest != request.digest():
                raise IdempotencyKeyReused
            row = await repository.find(connection, job_id)
        return Submission(document=job_document(_allowed(caller, row, job_id)), replayed=True)

    async def _check_batch(self, caller: Account, requests: Sequence[BatchItem]) -> list[NewJob]:
        jobs: list[NewJob] = []
        violations: list[Violation] = []
        for index, request in enumerate(requests):
            at = f"/jobs/{index}"
            try:
                plugin = await self._catalog.get(request.plugin_name, request.plugin_version)
            except PluginNotFound as exc:
                violations.append(Violation(f"{at}/plugin_name", str(exc)))
                continue
            try:
                jobs.append(
                    await new_job(request, plugin, caller, idempotency_key=request.idempotency_key, at=at)
                )
            except InputInvalid as exc:
                violations += exc.violations
            except (InputNotCheckable, PluginUnusable) as exc:
                violations.append(Violation(f"{at}/input_data", str(exc)))
            if len(violations) >= MOST_BATCH_VIOLATIONS:
                break
        if violations:
            raise BatchInvalid(violations[:MOST_BATCH_VIOLATIONS])
        return jobs

    async def _store_batch(self, caller: Account, jobs: Sequence[NewJob]) -> tuple[list[int], int]:
        keys = [job.idempotency_key for job in jobs if job.idempotency_key is not None]
        async with self._connections.begin() as connection:
            taken = await repository.find_by_keys(connection, caller.id, keys) if keys else {}
            fresh = _without_replays(jobs, taken)
            if fresh:
                submitted = await connection.run_sync(submit_jobs, fresh)
                fresh_ids = dict(zip(map(id, fresh), submitted.ids, strict=True))
                taken |= {
                    job.idempotency_key: (fresh_ids[id(job)], job.request_digest)
                    for job in fresh
                    if job.idempotency_key is not None
                }
        if not fresh:
            return [taken[job.idempotency_key or ""][0] for job in jobs], len(jobs)
        self._after_commit.publish(submitted.entries)
        ids = [
            fresh_ids[id(job)] if job.idempotency_key is None else taken[job.idempotency_key][0]
            for job in jobs
        ]
        return ids, len(jobs) - len(fresh)


def _accepted(job: NewJob, job_id: int, created_at: datetime) -> JobDocument:
    try:
        return submitted_document(job, job_id=job_id, created_at=created_at)
    except Exception:
        # The job is stored and runs: a client that is told of a failure would submit it again.
        log.exception("a submitted job cannot be shown", job_id=job_id)
        return accepted_document(job_id)


def _without_replays(jobs: Sequence[NewJob], taken: dict[str, tuple[int, str | None]]) -> list[NewJob]:
    """Return the jobs to store: one for each new key; refuse keys that stand for two requests."""
    digests = {key: digest for key, (_, digest) in taken.items()}
    fresh: list[NewJob] = []
    violations: list[Violation] = []
    for index, job in enumerate(jobs):
        key = job.idempotency_key
        if key is None or key not in digests:
            fresh.append(job)
        elif digests[key] != job.request_digest:
            violations.append(Violation(f"/jobs/{index}/idempotency_key", "was used for another request"))
        if key is not None:
            digests.setdefault(key, job.request_digest)
    if violations:
        raise IdempotencyKeyReused(violations)
    return fresh


def _visible(caller: Account, wanted: JobFilter) -> JobFilter:
    return wanted if caller.is_admin else replace(wanted, owner_id=caller.id)


def _allowed(caller: Account, row: AnyRow | None, job_id: int) -> AnyRow:
    if row is None:
        raise JobNotFound(f"There is no job {job_id}.")
    if row.owner_id != caller.id and not caller.is_admin:
        raise JobNotYours(f"Job {job_id} is somebody else's.")
    return row
