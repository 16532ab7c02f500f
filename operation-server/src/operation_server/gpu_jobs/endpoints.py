"""The route that submits GPU jobs."""

from __future__ import annotations

from fastapi import APIRouter, Response, status

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import ServicesDep
from operation_server.gpu_jobs.schemas import GpuJobCreate
from operation_server.gpu_jobs.service import GpuJobService
from operation_server.jobs.endpoints import (
    FINISHED,
    IdempotencyKey,
    Prefer,
    SubmissionRoute,
    Traceparent,
    answer_submission,
)
from operation_server.jobs.schemas import JobRead
from operation_server.problems import problem_responses

router = APIRouter(tags=["gpu-jobs"], route_class=SubmissionRoute)


@router.post(
    "/gpu-jobs",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobRead,
    responses=FINISHED | problem_responses(400, 401, 403, 404, 409, 413, 422, 503),
)
async def create_gpu_job(
    caller: CallerDep,
    services: ServicesDep,
    body: GpuJobCreate,
    *,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
    traceparent: Traceparent = None,
) -> Response:
    """Submit a job for a cluster; it is a job like any other of its plugin, and takes all of its options."""
    submission = await services[GpuJobService].submit(
        caller, body, idempotency_key=idempotency_key, traceparent=traceparent
    )
    return await answer_submission(caller, services, submission, prefer)
