"""Routes to submit, see, cancel and repeat jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response, status

from operation_server.accounts.account import Account
from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import PaginationDep, Services, ServicesDep
from operation_server.jobs.changes import JobChangeService
from operation_server.jobs.document import render, render_page
from operation_server.jobs.explain import Explanation
from operation_server.jobs.listed_kinds import Kind, ListedKinds
from operation_server.jobs.preferences import wait_seconds
from operation_server.jobs.repository import JobFilter
from operation_server.jobs.schemas import (
    AttemptList,
    BatchCreate,
    BatchRead,
    CancelRead,
    CancelRequest,
    EventList,
    JobCreate,
    JobList,
    JobRead,
    RunRead,
    Timeline,
    event_fields,
    reset_fields,
    timeline_of,
)
from operation_server.jobs.service import JobService
from operation_server.jobs.submission.service import Submission, SubmissionService
from operation_server.json_route import StrictJSONRoute
from operation_server.live.cursor import Cursor
from operation_server.live.hub import Hub
from operation_server.live.sse import EVENT_STREAM, STREAM_ANSWER, ResumeDep, lines_response, sse_response
from operation_server.live.websocket import subscription_to
from operation_server.problems import problem_responses
from satellite.contracts.job import JobStatus
from satellite.contracts.numbers import LARGEST_ID


class SubmissionRoute(StrictJSONRoute):
    """Takes the input of a job inside an object."""

    envelope_levels = 1


class BatchRoute(StrictJSONRoute):
    """Takes the inputs of many jobs, each inside an object of an array of an object."""

    envelope_levels = 3


router = APIRouter(tags=["jobs"], route_class=StrictJSONRoute)
submission_router = APIRouter(tags=["jobs"], route_class=SubmissionRoute)
batch_router = APIRouter(tags=["jobs"], route_class=BatchRoute)

JobId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[42])]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="The same key and body give the first job, another body 409.",
    ),
]
Prefer = Annotated[
    str | None,
    Header(description="`wait=N`, 1 to 60: answer when the job has finished, at the latest after N seconds."),
]
Traceparent = Annotated[
    str | None,
    Header(
        description="The submitter's trace (W3C Trace Context), which the job goes on with if this is traced."
    ),
]
LOG_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"example": "model loaded\n1 row classified\n"}}}
}
LOG_OR_STREAM_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": LOG_ANSWER[200]["content"] | STREAM_ANSWER[200]["content"]}
}
FINISHED: dict[int | str, dict[str, Any]] = {200: {"model": JobRead, "description": "The job has finished"}}


@dataclass(frozen=True, slots=True)
class ListFilter:
    """Which jobs are listed."""

    status: Annotated[JobStatus | None, Query()] = None
    plugin_name: Annotated[str | None, Query(max_length=64)] = None
    kind: Annotated[Kind | None, Query(description="Only jobs, or only runs of workflows.")] = None
    workflow_id: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Only runs of it.")] = None
    run_id: Annotated[
        int | None, Query(ge=1, le=LARGEST_ID, description="The jobs of its steps, which no other list has.")
    ] = None
    cursor: Annotated[
        str | None, Query(pattern=r"^[0-9]{1,18}$", description="`next_cursor` of the page before.")
    ] = None

    def wanted(self) -> ListedKinds:
        """Return the filter in terms of jobs and runs."""
        return ListedKinds(
            kind=self.kind,
            status=self.status,
            plugin_name=self.plugin_name,
            workflow_id=self.workflow_id,
            run_id=self.run_id,
            before_id=None if self.cursor is None else int(self.cursor),
        )


FilterDep = Annotated[ListFilter, Depends()]


@submission_router.post(
    "/jobs",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobRead,
    responses=FINISHED | problem_responses(400, 401, 404, 409, 413, 422, 503),
)
async def create_job(
    caller: CallerDep,
    services: ServicesDep,
    body: JobCreate,
    *,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
    traceparent: Traceparent = None,
) -> Response:
    """Submit a job. It is stored when this answers 202, whatever else is down."""
    submission = await services[SubmissionService].submit(
        caller, body, idempotency_key=idempotency_key, traceparent=traceparent
    )
    return await answer_submission(caller, services, submission, prefer)


async def answer_submission(
    caller: Account, services: Services, submission: Submission, prefer: str | None
) -> Response:
    """Return the answer to a submission, once the job has finished where `Prefer` asks for that."""
    job = submission.document
    headers = {"Location": f"/api/v1/jobs/{job.id}"}
    if submission.replayed:
        headers["Idempotent-Replay"] = "true"
    wait_s = wait_seconds(prefer)
    if wait_s is not None:
        headers["Preference-Applied"] = f"wait={wait_s}"
        if not job.status.is_terminal:
            job = await services[JobService].wait_submitted(caller, job, timeout_s=wait_s)
    finished = job.status.is_terminal and (wait_s is not None or submission.replayed)
    return _json(job.text, status_code=200 if finished else 202, headers=headers)


@batch_router.post(
    "/jobs/batch",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=BatchRead,
    responses=problem_responses(400, 401, 404, 409, 413, 422, 503),
)
async def create_batch(
    caller: CallerDep, services: ServicesDep, body: BatchCreate, traceparent: Traceparent = None
) -> Response:
    """Submit up to 1,000 jobs, all or none; each error names its job by index."""
    ids, replayed = await services[SubmissionService].submit_batch(caller, body.jobs, traceparent=traceparent)
    return _json(render({"total": len(ids), "ids": ids, "replayed": replayed}), status_code=202)


router.include_router(submission_router)
router.include_router(batch_router)


@router.get("/jobs", response_model=JobList, responses=problem_responses(401, 422))
async def list_jobs(
    caller: CallerDep,
    services: ServicesDep,
    page: PaginationDep,
    wanted: FilterDep,
) -> Response:
    """List jobs and runs, newest first: the caller's own, for admins all. Totals are exact up to 1,000."""
    total, items = await services[JobService].list_all(
        caller, wanted.wanted(), skip=page.skip, limit=page.limit
    )
    more = len(items) == page.limit
    return _json(render_page(total, items, next_cursor=str(items[-1].id) if more else None))


@router.post("/jobs/cancel", status_code=status.HTTP_202_ACCEPTED, responses=problem_responses(401, 422))
async def cancel_jobs(caller: CallerDep, services: ServicesDep, body: CancelRequest) -> CancelRead:
    """Cancel all unfinished jobs that match: among the caller's own, for admins among all."""
    wanted = JobFilter(ids=body.ids, status=body.status, plugin_name=body.plugin_name)
    done = await services[JobChangeService].cancel_many(caller, wanted)
    return CancelRead(
        cancelled=done.cancelled, cancelling=done.cancelling, already_finished=done.already_finished
    )


# `:int`, so that GET /jobs/batch is a wrong method and no wrong number.
@router.get(
    "/jobs/{job_id:int}", response_model=JobRead | RunRead, responses=problem_responses(401, 403, 404)
)
async def read_job(
    caller: CallerDep, services: ServicesDep, job_id: JobId, prefer: Prefer = None
) -> Response:
    """Show a job or a run of a workflow; with `Prefer: wait=N` once it has finished."""
    wait_s = wait_seconds(prefer)
    job = await services[JobService].get(caller, job_id)
    if wait_s is not None and not job.status.is_terminal:
        job = await services[JobService].wait(caller, job_id, timeout_s=wait_s)
    return _json(job.text)


@router.get("/jobs/{job_id}/timeline", responses=problem_responses(401, 403, 404))
async def read_timeline(caller: CallerDep, services: ServicesDep, job_id: JobId) -> Timeline:
    """Show where a job's time went, phase after phase."""
    return timeline_of(await services[JobService].get_timings(caller, job_id))


@router.post(
    "/jobs/{job_id}/cancel",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobRead | RunRead,
    responses=problem_responses(401, 403, 404, 409),
)
async def cancel_job(caller: CallerDep, services: ServicesDep, job_id: JobId) -> Response:
    """Cancel a job or a run: at once while it waits, within seconds while it runs."""
    return _json((await services[JobChangeService].cancel(caller, job_id)).text, status_code=202)


@router.post(
    "/jobs/{job_id}/retry",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobRead | RunRead,
    responses=problem_responses(401, 403, 404, 409),
)
async def retry_job(caller: CallerDep, services: ServicesDep, job_id: JobId) -> Response:
    """Run a failed or cancelled job again, with a fresh retry budget; of a run what did not complete."""
    return _json((await services[JobChangeService].retry(caller, job_id)).text, status_code=202)


@router.get(
    "/jobs/{job_id}/logs",
    response_class=Response,
    responses=LOG_OR_STREAM_ANSWER | problem_responses(401, 403, 404, 422),
)
async def read_log(
    *,
    request: Request,
    caller: CallerDep,
    services: ServicesDep,
    job_id: JobId,
    after: ResumeDep,
    attempt: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="The newest unless given.")] = None,
) -> Response:
    """Show what the plugin wrote to stderr, stored when an attempt ends; of a run what its steps wrote.

    With `Accept: text/event-stream` the log of a run is followed to its end: each frame of the type `log`
    tells the `task` of its lines too, and the last one is the result of the run.
    """
    if EVENT_STREAM in request.headers.get("accept", ""):
        frames = await services[JobService].follow_log(caller, job_id, after)
        if frames is not None:
            return lines_response(frames)
    return _plain_text(await services[JobService].get_log(caller, job_id, attempt))


@router.get(
    "/jobs/{job_id}/logs/{task_name}",
    response_class=Response,
    responses=LOG_ANSWER | problem_responses(401, 403, 404, 422),
)
async def read_step_log(
    caller: CallerDep,
    services: ServicesDep,
    job_id: JobId,
    task_name: Annotated[str, Path(max_length=100, examples=["data_preprocessing"])],
    *,
    map_index: Annotated[int | None, Query(ge=0, le=LARGEST_ID, description="Of a mapped task.")] = None,
    attempt: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="The newest unless given.")] = None,
) -> Response:
    """Show what a task of a run has printed."""
    return _plain_text(
        await services[JobService].get_step_log(
            caller, job_id, task_name, map_index=map_index, attempt=attempt
        )
    )


@router.get("/jobs/{job_id}/attempts", response_model=AttemptList, responses=problem_responses(401, 403, 404))
async def list_attempts(caller: CallerDep, services: ServicesDep, job_id: JobId) -> Response:
    """List a job's finished attempts."""
    attempts = await services[JobService].list_attempts(caller, job_id)
    return _json(render({"total": len(attempts), "items": attempts}))


@router.get(
    "/jobs/{job_id}/events",
    response_model=EventList,
    responses=STREAM_ANSWER | problem_responses(401, 403, 404, 422),
)
async def list_events(
    request: Request,
    caller: CallerDep,
    services: ServicesDep,
    job_id: JobId,
    after: ResumeDep,
) -> Response:
    """List a job's status and result events; with `Accept: text/event-stream` follow all of them live.

    After a cursor of what a recovery from a backup took back the first one is a `reset`, and all follow.
    """
    if EVENT_STREAM in request.headers.get("accept", ""):
        job = await services[JobService].require_access(caller, job_id)
        return sse_response(services[Hub], subscription_to(job, caller), after=after)
    after_id = Cursor.parse(after).event_id if after else 0
    recovery = await services[Hub].lost_events.recovery_of(after_id)
    rows = await services[JobService].list_events(caller, job_id, after_id=0 if recovery else after_id)
    items = [event_fields(row) for row in rows]
    if recovery is not None:
        items.insert(0, reset_fields(recovery, job_id))
    return _json(render({"total": len(items), "items": items}))


@router.get("/jobs/{job_id}/explain", responses=problem_responses(401, 403, 404))
async def explain_job(caller: CallerDep, services: ServicesDep, job_id: JobId) -> Explanation:
    """Say why a job waits (or what it does) and what would help."""
    return await services[JobService].explain(caller, job_id)


def _plain_text(text: str) -> Response:
    return Response(
        text, media_type="text/plain; charset=utf-8", headers={"X-Content-Type-Options": "nosniff"}
    )


def _json(content: bytes | str, *, status_code: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(content, status_code=status_code, media_type="application/json", headers=headers)
