"""Accepts jobs, one or many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from operation_server.accounts.access import Permission, require, require_plugins
from operation_server.accounts.account import Account
from operation_server.database.connections import Connections
from operation_server.database.errors import IntegrityError
from operation_server.database.shared_calls import SharedCalls
from operation_server.jobs.after_commit import AfterCommit
from operation_server.jobs.document import JobDocument, accepted_document, submitted_document
from operation_server.jobs.schemas import BatchItem, JobCreate
from operation_server.jobs.submission.asked_model import AskedModel, hold_model, note_part
from operation_server.jobs.submission.batch import check_batch, store_batch
from operation_server.jobs.submission.cluster_jobs import tell_submitted
from operation_server.jobs.submission.idempotency import find_first
from operation_server.jobs.submission.input_files import hold_files, use_files
from operation_server.jobs.submission.new_job import new_job
from operation_server.jobs.transitions import NewJob, submit_jobs
from operation_server.limits.submissions import SubmissionLimits
from operation_server.plugins.catalog import PluginCatalog
from operation_server.plugins.isolation import Isolation
from operation_server.registry.trainability import Trainability
from operation_server.secrets.giving.availability import SecretAvailability
from operation_server.webhooks.door import WebhookDoor
from satellite.contracts.identity import JobKey
from satellite.contracts.python_task import PYTHON_TASK
from satellite.tracing.spans import in_log_lines, root_span

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A job as the caller sees it, and whether it existed under its idempotency key."""

    document: JobDocument
    replayed: bool = False


class SubmissionService:
    """Stores jobs whose requests are right."""

    def __init__(
        self,
        connections: Connections,
        *,
        catalog: PluginCatalog,
        isolation: Isolation,
        secrets: SecretAvailability,
        trainability: Trainability,
        after_commit: AfterCommit,
        limits: SubmissionLimits,
        webhooks: WebhookDoor,
    ) -> None:
        self._connections = connections
        self._catalog = catalog
        self._isolation = isolation
        self._secrets = secrets
        self._trainability = trainability
        self._after_commit = after_commit
        self._limits = limits
        self._webhooks = webhooks
        self._submit = SharedCalls(self._submit_many)

    async def submit(
        self,
        caller: Account,
        request: JobCreate,
        *,
        idempotency_key: str | None,
        traceparent: str | None = None,
        asks: AskedModel | None = None,
    ) -> Submission:
        """Store a job; the same key and request again give the first job. `traceparent` is the submitter's.

        `asks` is the version of a model that the plugin is to load for it.

        Raises:
            ModelVersionNotFound: that version has just been deleted.
            PluginNotFound: there is no such plugin version.
            InputInvalid: the request breaks a rule of its plugin.
            InputFilesMissing: its input refers to files that the caller does not see.
            SecretsMissing: the plugin needs secrets that the caller has not granted it.
            ModelNotYours, TrainingPointless: it trains a model, and what it makes would not be taken.
            IdempotencyKeyReused: the key was used for another request.
            RateExceeded, QueueQuotaReached: the caller submits or has too much.
            AdminRequired: it holds code, and the workers that there are isolate nothing.
            WebhookRefused, SigningSecretMissing: nothing can be told to its webhook.
        """
        require(caller, Permission.CHANGE_JOBS)
        require_plugins(caller, [request.plugin_name])
        await self._require_isolation(caller, [request])
        await self._webhooks.check_all([("", request.webhook)])
        with root_span("submit", traceparent, plugin=request.plugin_name) as span:
            with in_log_lines(span.traceparent):
                submission = await self._store_one(
                    caller, request, idempotency_key=idempotency_key, traceparent=span.traceparent, asks=asks
                )
            span.note(job_id=submission.document.id, replayed=submission.replayed)
        return submission

    async def find_first(self, caller: Account, digest: str, key: str | None) -> Submission | None:
        """Return the job that an idempotency key of the caller's stands for; `digest` is of the request.

        Raises:
            IdempotencyKeyReused: the key was used for another request.
        """
        if key is None:
            return None
        first = await find_first(self._connections, caller, digest, key)
        return None if first is None else Submission(document=first, replayed=True)

    async def _store_one(
        self,
        caller: Account,
        request: JobCreate,
        *,
        idempotency_key: str | None,
        traceparent: str | None,
        asks: AskedModel | None,
    ) -> Submission:
        digest = request.digest() if asks is None else asks.request_digest
        first = await self.find_first(caller, digest, idempotency_key)
        if first is not None:
            return first
        await self._limits.admit(caller.id)
        plugin = await self._catalog.get(request.plugin_name, request.plugin_version)
        job = await new_job(request, plugin, caller, idempotency_key=idempotency_key)
        (job,) = _traced([job if asks is None else asks.asked_by(job)], traceparent)
        await self._secrets.require(caller.id, plugin.manifest, request.input_data)
        await self._trainability.require(caller, plugin.manifest)
        try:
            key, created_at = await (
                self._submit_held(caller, job, asks)
                if job.references or job.model or job.webhook
                else self._submit(job)
            )
        except IntegrityError:
            # Another request with the same key was faster.
            first = await self.find_first(caller, digest, idempotency_key)
            if first is None:
                raise
            return first
        tell_submitted([(key.job_id, job)])
        return Submission(document=_accepted(job, key, created_at))

    async def submit_batch(
        self, caller: Account, requests: Sequence[BatchItem], *, traceparent: str | None = None
    ) -> tuple[list[int], int]:
        """Store all jobs or none; return their ids in order and how many existed under their keys.

        Raises:
            BatchInvalid: a request breaks a rule of its plugin; all violations are named by index.
            InputFilesMissing: inputs refer to files that the caller does not see; all are named by index.
            InputNotCheckable: checking all inputs takes too long.
            IdempotencyKeyReused: a key was used for another request, in this batch or before.
            RateExceeded, QueueQuotaReached: the caller submits or has too much.
            WebhookRefused, SigningSecretMissing: nothing can be told to a webhook.
        """
        require(caller, Permission.CHANGE_JOBS)
        require_plugins(caller, [request.plugin_name for request in requests])
        await self._require_isolation(caller, requests)
        await self._webhooks.check_all(
            (f"/jobs/{index}", request.webhook) for index, request in enumerate(requests)
        )
        await self._limits.admit(caller.id, jobs=len(requests))
        with root_span("submit", traceparent, jobs=len(requests)) as span, in_log_lines(span.traceparent):
            checked = await check_batch(self._catalog, self._secrets, self._trainability, caller, requests)
            jobs = _traced(checked, span.traceparent)
            try:
                return await self._store(caller, jobs)
            except IntegrityError:
                # Another request with one of the keys was faster; now its job is found.
                return await self._store(caller, jobs)

    async def _require_isolation(self, caller: Account, requests: Sequence[JobCreate]) -> None:
        """Let users submit snippets only where these are kept from the machine."""
        if any(request.plugin_name == PYTHON_TASK for request in requests):
            await self._isolation.require(caller, "run snippets of Python")

    async def _store(self, caller: Account, jobs: Sequence[NewJob]) -> tuple[list[int], int]:
        async with self._connections.begin() as connection:
            stored = await store_batch(connection, caller, jobs, self._webhooks)
        self._after_commit.publish(stored.entries)
        tell_submitted(stored.fresh)
        return stored.ids, stored.replayed

    async def _submit_many(self, jobs: Sequence[NewJob]) -> Sequence[tuple[JobKey, datetime]]:
        # A submission is a single statement, so it needs no transaction around it.
        async with self._connections.connect() as connection:
            submitted = await connection.run_sync(submit_jobs, jobs)
        self._after_commit.publish(submitted.entries)
        return [(key, submitted.created_at) for key in submitted.keys]

    async def _submit_held(
        self, caller: Account, job: NewJob, asks: AskedModel | None
    ) -> tuple[JobKey, datetime]:
        async with self._connections.begin() as connection:
            await hold_model(connection, job)
            held = await hold_files(connection, caller, [("", job)])
            submitted = await connection.run_sync(submit_jobs, held)
            await use_files(connection, zip(submitted.ids, held, strict=True))
            await note_part(connection, submitted.ids[0], asks)
            await self._webhooks.keep(connection, caller, [(submitted.ids[0], job.webhook)])
        self._after_commit.publish(submitted.entries)
        return submitted.keys[0], submitted.created_at


def _traced(jobs: list[NewJob], traceparent: str | None) -> list[NewJob]:
    # Nearly none is traced, and a copy would cost each.
    return jobs if traceparent is None else [replace(job, traceparent=traceparent) for job in jobs]


def _accepted(job: NewJob, key: JobKey, created_at: datetime) -> JobDocument:
    try:
        return submitted_document(job, key=key, created_at=created_at)
    except Exception:
        # The job is stored and runs: a client that is told of a failure would submit it again.
        log.exception("a submitted job cannot be shown", job_id=key.job_id)
        return accepted_document(key.job_id)
