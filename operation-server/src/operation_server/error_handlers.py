"""Error type to HTTP status, in one table; every error body is `application/problem+json`."""

from __future__ import annotations

import http
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import compile_path

from operation_server.accounts import errors as accounts
from operation_server.artifacts.errors import ArtifactNotFound
from operation_server.audit.errors import EntryCursorInvalid
from operation_server.body_limit import BodyTooLarge
from operation_server.body_type import BodyTypeUnsupported
from operation_server.clusters import errors as clusters
from operation_server.database.disk_memory import DiskMemory
from operation_server.database.errors import DataError, InterfaceError, OperationalError, PoolTimeout
from operation_server.deadletters.errors import DeadLetterNotFound
from operation_server.faults import is_beyond_limits, is_disk_full
from operation_server.files import errors as files
from operation_server.files.uploads import errors as uploads
from operation_server.files.uploads.protocol import CHECKSUM_MISMATCH
from operation_server.gpu_jobs import errors as gpu_jobs
from operation_server.gpu_jobs.workspaces import errors as workspaces
from operation_server.inference import errors as inference
from operation_server.jobs import errors as jobs
from operation_server.limits.errors import QueueQuotaReached, RateExceeded
from operation_server.live.cursor import CursorInvalid
from operation_server.notifications import errors as notifications
from operation_server.plugins import errors as plugins
from operation_server.problems import Violation, problem_response
from operation_server.registry import errors as registry
from operation_server.registry.rollouts import errors as rollouts
from operation_server.request_id import request_id_of
from operation_server.secrets import errors as secrets
from operation_server.secrets.giving import errors as giving
from operation_server.trail.refusals import Refusals
from operation_server.webhooks import errors as webhooks
from operation_server.workers.errors import WorkerNotFound
from operation_server.workers.service import BrokerUnavailable
from operation_server.workers.signature import SignatureRefused
from operation_server.workflows import errors as workflows
from operation_server.workflows.airflow.obstacles import NotExportable
from operation_server.workflows.backfills import errors as backfills
from operation_server.workflows.schedules.errors import ScheduleInvalid
from satellite.contracts.json_text import JSONRefused, json_pointer
from satellite.errors import SatelliteError

STATUS_OF: Mapping[type[SatelliteError], int] = {
    accounts.CredentialsRefused: 401,
    accounts.TokenRefused: 401,
    accounts.KeyRefused: 401,
    accounts.LoginSlowed: 429,
    accounts.RefreshUnderWay: 409,
    accounts.KeyNotFound: 404,
    accounts.OriginRefused: 403,
    accounts.LoginsBusy: 503,
    accounts.AdminRequired: 403,
    accounts.PermissionMissing: 403,
    accounts.KeyTooNarrow: 403,
    accounts.AccountNotFound: 404,
    accounts.OwnAccountKept: 409,
    accounts.AddressTaken: 409,
    accounts.AccountInvalid: 400,
    plugins.PluginInvalid: 400,
    plugins.PluginNotFound: 404,
    plugins.PluginVersionTaken: 409,
    plugins.PluginInUse: 409,
    plugins.PluginReportNotFound: 404,
    plugins.ReportOfOtherContent: 409,
    plugins.PluginUnreadable: 409,
    plugins.PluginNotYours: 403,
    plugins.NewOwnerNotFound: 422,
    plugins.PluginUnusable: 409,
    plugins.InputNotCheckable: 422,
    plugins.SchemaChecksBusy: 503,
    clusters.ClusterNotFound: 404,
    clusters.ClusterExists: 409,
    clusters.ClusterInUse: 409,
    clusters.ClusterKeyInvalid: 422,
    clusters.HostKeyNotSeen: 409,
    clusters.ClusterQuotaReached: 409,
    WorkerNotFound: 404,
    gpu_jobs.NotOnClusters: 422,
    workspaces.WorkspaceNotFound: 404,
    jobs.InputInvalid: 400,
    jobs.BatchInvalid: 400,
    jobs.InputFilesMissing: 404,
    jobs.JobNotFound: 404,
    jobs.JobNotYours: 403,
    jobs.JobAlreadyFinished: 409,
    jobs.JobNotRetryable: 409,
    jobs.LogNotFound: 404,
    jobs.IdempotencyKeyReused: 409,
    workflows.WorkflowNotFound: 404,
    workflows.WorkflowNotYours: 403,
    workflows.WorkflowTaken: 409,
    workflows.WorkflowTaskNotFound: 404,
    workflows.WorkflowTaskTaken: 409,
    workflows.WorkflowChanged: 412,
    workflows.WorkflowInUse: 409,
    workflows.WorkflowNotDeployed: 409,
    workflows.WorkflowVersionNotFound: 404,
    workflows.WorkflowUnfit: 422,
    workflows.RunNotOver: 409,
    workflows.RestartInvalid: 422,
    workflows.ApprovalNotAsked: 409,
    workflows.ApprovalInvalid: 422,
    ScheduleInvalid: 422,
    NotExportable: 422,
    backfills.BackfillInvalid: 422,
    backfills.BackfillNotFound: 404,
    inference.InferenceNotFound: 404,
    inference.InferenceUnfinished: 409,
    registry.ModelInvalid: 400,
    registry.ModelNotFound: 404,
    registry.ModelVersionNotFound: 404,
    registry.ModelAliasNotFound: 404,
    registry.ModelTaken: 409,
    registry.ModelNotYours: 403,
    registry.ModelVersionInUse: 409,
    rollouts.RolloutInvalid: 400,
    rollouts.RolloutNotFound: 404,
    registry.TrainingPointless: 409,
    registry.ModelGateClosed: 409,
    registry.ModelAliasGuarded: 409,
    registry.ModelGateNotFound: 404,
    registry.EvaluationNotFound: 404,
    files.FileNotFound: 404,
    files.FileInUse: 409,
    files.GrantRefused: 401,
    files.AttemptOver: 409,
    ArtifactNotFound: 404,
    files.ArtifactNameRefused: 422,
    files.TooManyArtifacts: 409,
    files.ArtifactRefused: 400,
    files.DigestMalformed: 422,
    files.DigestMismatch: 400,
    files.StorageQuotaReached: 413,
    files.UploadExpired: 409,
    files.RangeUnsatisfiable: 416,
    files.StorageMissing: 503,
    files.StorageUnavailable: 503,
    uploads.TusVersionRefused: 412,
    uploads.UploadMalformed: 400,
    uploads.UploadNotFound: 404,
    uploads.OffsetMismatch: 409,
    uploads.ChecksumMismatch: CHECKSUM_MISMATCH,
    secrets.SecretNotFound: 404,
    secrets.SecretExists: 409,
    secrets.SecretQuotaReached: 409,
    secrets.SecretsNotSetUp: 503,
    secrets.SecretKeyMissing: 503,
    secrets.SecretDamaged: 409,
    giving.SecretsMissing: 409,
    giving.AttemptNotActive: 409,
    giving.WorkerKeyUnfit: 422,
    notifications.ChannelNotFound: 404,
    notifications.ChannelExists: 409,
    notifications.ChannelInvalid: 422,
    notifications.ChannelsMissing: 422,
    notifications.ChannelDisabled: 409,
    notifications.EmailNotSetUp: 409,
    notifications.NotificationQuotaReached: 409,
    notifications.RuleNotFound: 404,
    notifications.DeliveryNotFound: 404,
    notifications.DeliveryPending: 409,
    webhooks.WebhookRefused: 422,
    webhooks.SigningSecretMissing: 409,
    SignatureRefused: 401,
    RateExceeded: 429,
    QueueQuotaReached: 429,
    BodyTypeUnsupported: 415,
    JSONRefused: 422,
    DeadLetterNotFound: 404,
    CursorInvalid: 422,
    EntryCursorInvalid: 422,
    BrokerUnavailable: 503,
}

UNAVAILABLE = (OperationalError, InterfaceError, PoolTimeout, OSError)
"""What a request meets while the database is away, and now and then for a statement beyond its limits."""
RETRY_AFTER_S = "2"
RETRY_AFTER_WHEN_FULL_S = "30"
MOST_VIOLATIONS = 100

log = structlog.get_logger(__name__)


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error with a problem document."""
    app.add_exception_handler(SatelliteError, answer_satellite_error)
    app.add_exception_handler(RequestValidationError, answer_malformed_request)
    app.add_exception_handler(HTTPException, answer_http_error)
    app.add_exception_handler(BodyTooLarge, answer_large_body)
    app.add_exception_handler(DataError, answer_unstorable_value)
    app.add_exception_handler(ClientDisconnect, answer_nobody)
    for error in UNAVAILABLE:
        app.add_exception_handler(error, answer_unavailable)
    app.add_exception_handler(Exception, answer_unexpected)


def status_of(error: Exception) -> int:
    """Return the status of an error that a feature raised, 500 when the table has none."""
    return next((STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF), 500)


async def answer_satellite_error(request: Request, error: Exception) -> Response:
    """Answer an error that a feature raised."""
    status = status_of(error)
    headers = dict(getattr(error, "headers", {}))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        headers["Retry-After"] = RETRY_AFTER_S
    if isinstance(error, accounts.LoginSlowed):
        headers["Retry-After"] = str(error.retry_after_s)
    if status == 403:
        await note_refusal(request, getattr(error, "code", ""))
    if status == 500:
        log.error("an error has no status in the table", error=repr(error))
    return problem_response(
        status=status,
        code=getattr(error, "code", "internal"),
        detail=str(error),
        request_id=request_id_of(request.scope),
        violations=getattr(error, "violations", ()),
        headers=headers,
    )


async def note_refusal(request: Request, code: str) -> None:
    """Tell the audit trail that an account was refused something."""
    caller = getattr(request.state, "caller", None)
    asked = f"{request.method} {request.url.path}"
    await request.app.state.services[Refusals].note(caller, asked=asked, code=code)


async def answer_malformed_request(request: Request, error: Exception) -> Response:
    """Answer a request that is not what the route takes."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    violations = violations_of(found)
    first = violations[0] if violations else Violation("", "malformed")
    return problem_response(
        status=getattr(error, "status_code", 422),
        code="request_malformed",
        detail=f"The request is malformed: {first.pointer or 'body'}: {first.message}",
        request_id=request_id_of(request.scope),
        violations=violations,
    )


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses: unknown routes, wrong methods."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = getattr(error, "headers", None)
    if status == 405:
        headers = {"Allow": ", ".join(methods_of(request))}
    return problem_response(
        status=status,
        code=http.HTTPStatus(status).phrase.lower().replace(" ", "_"),
        detail=str(error.detail) if isinstance(error, HTTPException) else "",
        request_id=request_id_of(request.scope),
        headers=headers,
    )


def methods_of(request: Request) -> list[str]:
    """Return what may be asked of a path, which the framework knows of the first route that has it only."""
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.path and compile_path(route.path)[0].match(request.url.path):
            found |= route.methods or set()
    return sorted(found | {"HEAD"} if "GET" in found else found)


async def answer_large_body(request: Request, error: Exception) -> Response:
    """Answer a body that is larger than its route takes."""
    return problem_response(
        status=413,
        code="body_too_large",
        detail=str(getattr(error, "detail", "")),
        request_id=request_id_of(request.scope),
        headers=getattr(error, "headers", None),
    )


async def answer_nobody(request: Request, error: Exception) -> Response:
    """Answer a client that left before its request was complete; only the log and the metrics see it."""
    del error
    return problem_response(
        status=400,
        code="client_gone",
        detail="The client went away before its request was complete.",
        request_id=request_id_of(request.scope),
    )


async def answer_unstorable_value(request: Request, error: Exception) -> Response:
    """Answer a value that the database has no room for, such as a NUL character in a name."""
    log.info("a value cannot be stored", error=str(error))
    return problem_response(
        status=422,
        code="value_not_storable",
        detail="A value of the request cannot be stored or looked up.",
        request_id=request_id_of(request.scope),
    )


async def answer_unavailable(request: Request, error: Exception) -> Response:
    """Answer while the database is away, or full."""
    if is_beyond_limits(error):
        return await answer_unstorable_value(request, error)
    if is_disk_full(error):
        return answer_full_disk(request, error)
    log.warning("the database does not answer", error=str(error))
    return problem_response(
        status=503,
        code="database_unavailable",
        detail="The database does not answer; try again in a moment.",
        request_id=request_id_of(request.scope),
        headers={"Retry-After": RETRY_AFTER_S},
    )


def answer_full_disk(request: Request, error: Exception) -> Response:
    """Answer what cannot be stored for want of space."""
    log.error("a disk is full", error=str(error))
    request.app.state.services[DiskMemory].note_refusal()
    return problem_response(
        status=503,
        code="disk_full",
        detail="The server's disk is full, so nothing can be stored; an operator has to make room on it.",
        request_id=request_id_of(request.scope),
        headers={"Retry-After": RETRY_AFTER_WHEN_FULL_S},
    )


async def answer_unexpected(request: Request, error: Exception) -> Response:
    """Answer a bug without telling its insides."""
    log.error("a request failed", path=request.url.path, exc_info=error)
    return problem_response(
        status=500,
        code="internal",
        detail="Something went wrong inside the server; its log has the request id.",
        request_id=request_id_of(request.scope),
    )


def violations_of(errors: Sequence[Mapping[str, Any]]) -> list[Violation]:
    """Return what is wrong with a request, of the errors that its validation found."""
    return [_violation(each) for each in errors[:MOST_VIOLATIONS]]


def _violation(error: Mapping[str, Any]) -> Violation:
    where, *path = error["loc"] or ("body",)
    if error["type"] == "json_invalid":
        reason = error.get("ctx", {}).get("error", error["msg"])
        return Violation("", f"not valid JSON: {reason}")
    if error["type"] == "missing" and where == "body" and not path:
        return Violation("", "the request needs a JSON body and has none")
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "is not a known field"
    # Pointers are into the body; what is wrong with the address or a header is named in words.
    return Violation(
        json_pointer(path) if where == "body" else "",
        message if where == "body" else f"{where} {'.'.join(map(str, path))}: {message}",
    )
