"""Routes of requests to models."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response, status

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import ServicesDep
from operation_server.inference.schemas import InferenceCreate, InferenceResult, InferenceStatus
from operation_server.inference.service import InferenceService
from operation_server.jobs.endpoints import IdempotencyKey, JobId, Prefer, SubmissionRoute, Traceparent
from operation_server.jobs.preferences import wait_seconds
from operation_server.problems import problem_responses

router = APIRouter(tags=["inference"])
submission_router = APIRouter(tags=["inference"], route_class=SubmissionRoute)
ENDED: dict[int | str, dict[str, Any]] = {200: {"model": InferenceResult, "description": "The job has ended"}}


@submission_router.post(
    "/inference/submit",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=InferenceStatus,
    responses=ENDED | problem_responses(400, 401, 404, 409, 413, 422, 503),
)
async def submit_inference(
    caller: CallerDep,
    services: ServicesDep,
    body: InferenceCreate,
    *,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
    traceparent: Traceparent = None,
) -> Response:
    """Ask a model. It is a job: stored when this answers 202, and answered by the version that it names now.

    A name alone asks the version that its alias `champion` names, or else the newest.
    """
    service = services[InferenceService]
    submission = await service.submit(caller, body, idempotency_key=idempotency_key, traceparent=traceparent)
    headers = {"Location": f"/api/v1/inference/status/{submission.document.id}"}
    if submission.replayed:
        headers["Idempotent-Replay"] = "true"
    wait_s = wait_seconds(prefer)
    if wait_s is not None:
        headers["Preference-Applied"] = f"wait={wait_s}"
    job = await service.answer(caller, submission, timeout_s=wait_s)
    finished = job.status.is_terminal and (wait_s is not None or submission.replayed)
    return _json(job.text, status_code=200 if finished else 202, headers=headers)


router.include_router(submission_router)


@router.get(
    "/inference/status/{job_id}",
    response_model=InferenceStatus,
    responses=problem_responses(401, 403, 404, 422),
)
async def read_status(caller: CallerDep, services: ServicesDep, job_id: JobId) -> Response:
    """Show how far a request to a model is."""
    return _json(await services[InferenceService].status(caller, job_id))


@router.get(
    "/inference/result/{job_id}",
    response_model=InferenceResult,
    responses=problem_responses(401, 403, 404, 409, 422),
)
async def read_result(caller: CallerDep, services: ServicesDep, job_id: JobId) -> Response:
    """Show what became of a request to a model, once its job has ended: its result, or its error."""
    return _json(await services[InferenceService].result(caller, job_id))


def _json(content: str, *, status_code: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(content, status_code=status_code, media_type="application/json", headers=headers)
