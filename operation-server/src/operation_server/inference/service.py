"""Turns requests to models into jobs: which version is asked, and whether the request fits its model."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from operation_server.accounts.access import visible_to
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.database.rows import AnyRow
from operation_server.inference import repository
from operation_server.inference.errors import InferenceNotFound, InferenceUnfinished, RequestUnfit
from operation_server.inference.schemas import InferenceCreate
from operation_server.jobs.access import within
from operation_server.jobs.document import JobDocument, job_document, render
from operation_server.jobs.errors import InputFilesMissing, InputInvalid
from operation_server.jobs.schemas import JobCreate
from operation_server.jobs.submission.asked_model import AskedModel
from operation_server.jobs.submission.service import Submission, SubmissionService
from operation_server.live.hub import Hub
from operation_server.plugins.file_places import with_references
from operation_server.plugins.json_schema import SchemaChecks
from operation_server.problems import Violation
from operation_server.registry import changes as models
from operation_server.registry import repository as registry
from operation_server.registry.errors import ModelVersionNotFound
from operation_server.registry.job_model import job_model
from operation_server.registry.rollouts.arms import Arm, Part, falls_into
from satellite.contracts.json_text import JSONRefused, write_json
from satellite.contracts.model_version import ModelReference

log = structlog.get_logger(__name__)

Find = Callable[[AsyncConnection, int], Awaitable[AnyRow | None]]


class InferenceService:
    """Submits requests to models, and shows what became of them."""

    def __init__(
        self,
        connections: Connections,
        *,
        submissions: SubmissionService,
        schemas: SchemaChecks,
        hub: Hub,
    ) -> None:
        self._connections = connections
        self._submissions = submissions
        self._schemas = schemas
        self._hub = hub

    async def submit(
        self,
        caller: Account,
        request: InferenceCreate,
        *,
        idempotency_key: str | None,
        traceparent: str | None = None,
    ) -> Submission:
        """Store a request as a job of the plugin that loads its model, whose version it keeps from here on.

        Raises:
            ModelNotFound, ModelVersionNotFound, ModelAliasNotFound: there is no such model.
            RequestUnfit: it breaks the model's signature or a rule of the plugin.
            InputFilesMissing: it refers to files that the caller does not see.
            Exception: as `SubmissionService.submit` says.
        """
        # Before the model is looked for: a repeated request gets its job, whatever became of the alias.
        first = await self._submissions.find_first(caller, request.digest(), idempotency_key)
        if first is not None:
            return first
        version, part = await self._find_version(request, idempotency_key)
        violations = await self._signature_violations(version, request)
        if violations:
            raise RequestUnfit(violations)
        try:
            return await self._submissions.submit(
                caller,
                _job_of(request, version),
                idempotency_key=idempotency_key,
                traceparent=traceparent,
                asks=_asked(request, version, part),
            )
        except InputFilesMissing as error:
            raise InputFilesMissing([_in_request(each) for each in error.violations]) from error
        except InputInvalid as error:
            raise RequestUnfit([_in_request(each) for each in error.violations]) from error

    async def answer(
        self, caller: Account, submission: Submission, *, timeout_s: float | None
    ) -> JobDocument:
        """Return a stored request as it is, once its job has ended or after `timeout_s`, whatever happens."""
        stored = submission.document
        try:
            if timeout_s is not None and not stored.status.is_terminal:
                await self._hub.wait_finished(stored.id, timeout_s)
            if timeout_s is not None or submission.replayed:
                found = await self._find(caller, stored.id, repository.find_result)
                if found.status.is_terminal:
                    return found
            return await self._find(caller, stored.id, repository.find_status)
        except Exception:
            # The job is stored and runs: a client that is told of a failure would submit it again.
            log.exception("a request to a model cannot be shown", job_id=stored.id)
            told = {"job_id": stored.id, "status": stored.status}
            return stored._replace(text=render(told).decode())

    async def status(self, caller: Account, job_id: int) -> str:
        """Return how far a request of the caller's is, as JSON.

        Raises:
            InferenceNotFound: there is no such job, or it asks no model.
            JobNotYours: it is somebody else's.
        """
        return (await self._find(caller, job_id, repository.find_status)).text

    async def result(self, caller: Account, job_id: int) -> str:
        """Return what became of a request of the caller's, as JSON.

        Raises:
            InferenceNotFound: there is no such job, or it asks no model.
            JobNotYours: it is somebody else's.
            InferenceUnfinished: it has not ended.
        """
        found = await self._find(caller, job_id, repository.find_result)
        if not found.status.is_terminal:
            raise InferenceUnfinished(f"Job {job_id} is {found.status}; there is no result yet.")
        return found.text

    async def _find(self, caller: Account, job_id: int, find: Find) -> JobDocument:
        async with self._connections.connect() as connection:
            row = await find(connection, job_id)
        reach = visible_to(caller)
        if row is None or within(reach, row, job_id).model_version_id is None:
            raise InferenceNotFound(f"There is no job {job_id} that asks a model.")
        return job_document(row)

    async def _find_version(
        self, request: InferenceCreate, idempotency_key: str | None
    ) -> tuple[AnyRow, Part | None]:
        """Return the version that is to answer, and its part in a rollout."""
        reference = ModelReference.parse(request.model_name)
        if reference is None:
            raise models.not_found(request.model_name)
        async with self._connections.connect() as connection:
            row = await registry.find_asked(connection, reference)
            if row is None:
                await models.find(connection, reference.name)
                if reference.alias is not None:
                    await models.find_alias(connection, reference.name, reference.alias)
                raise ModelVersionNotFound(f"There is no version {request.model_name!r} of the model.")
            if row.rollout is None:
                return row, None
            key = request.split_key or idempotency_key or secrets.token_hex(8)
            return await _divided(connection, row, reference.name, key)

    async def _signature_violations(self, version: AnyRow, request: InferenceCreate) -> list[Violation]:
        found = await self._violations(version, "input", request.data, at="/data")
        if request.config is not None:
            found += await self._violations(version, "config", request.config, at="/config")
        return found

    async def _violations(self, version: AnyRow, part: str, value: Any, *, at: str) -> list[Violation]:
        schema: Mapping[str, Any] | None = version.signature[part]
        if schema is None:
            return []
        try:
            text = write_json(value)
        except JSONRefused as refusal:
            return [Violation(at + refusal.pointer, refusal.reason)]
        validator = await self._schemas.validator(
            f"the model {version.model_name}", f"{version.model_digest}/{part}", with_references(dict(schema))
        )
        return await validator.violations(value, text, at=at)


def _job_of(request: InferenceCreate, version: AnyRow) -> JobCreate:
    return JobCreate(
        plugin_name=version.plugin_name,
        plugin_version=version.plugin_version,
        input_data=request.plugin_input(),
        priority=request.priority,
        timeout_s=request.timeout_s,
        queue_ttl_s=request.queue_ttl_s,
        webhook=request.webhook,
    )


async def _divided(connection: AsyncConnection, stable: AnyRow, name: str, key: str) -> tuple[AnyRow, Part]:
    """Return the version of a rollout that answers requests of a key."""
    rollout = stable.rollout
    if falls_into(rollout["id"], key, percent=rollout["percent"]):
        candidate = await registry.find_asked(connection, ModelReference(name, version=rollout["candidate"]))
        if candidate is not None:
            return candidate, Part(rollout_id=rollout["id"], arm=Arm.CANDIDATE)
    return stable, Part(rollout_id=rollout["id"], arm=Arm.STABLE)


def _asked(request: InferenceCreate, version: AnyRow, part: Part | None) -> AskedModel:
    return AskedModel(
        version_id=version.id, model=job_model(version), request_digest=request.digest(), part=part
    )


def _in_request(violation: Violation) -> Violation:
    """Return a violation of the plugin's rules with its place in the request."""
    return Violation(violation.pointer.removeprefix("/input_data"), violation.message)
