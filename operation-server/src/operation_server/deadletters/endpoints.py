"""Routes to see dead letters and to run them again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, status

from operation_server.accounts.caller import CallerDep
from operation_server.deadletters.schemas import (
    DeadLetterGroups,
    DeadLetterList,
    ReplayOptions,
    ReplayRead,
    ReplayRequest,
    UnfitRead,
)
from operation_server.deadletters.service import DeadLetterService
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.jobs.document import render, render_page
from operation_server.jobs.endpoints import JobId
from operation_server.jobs.repository import JobFilter
from operation_server.jobs.schemas import JobRead
from operation_server.json_route import StrictJSONRoute
from operation_server.problems import ViolationRead, problem_responses
from satellite.contracts.outcome import ErrorKind

router = APIRouter(prefix="/dead-letters", tags=["dead letters"], route_class=StrictJSONRoute)


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters are meant."""

    plugin_name: Annotated[str | None, Query(max_length=64)] = None
    kind: Annotated[ErrorKind | None, Query()] = None
    fingerprint: Annotated[str | None, Query(max_length=100)] = None

    def as_jobs(self) -> JobFilter:
        """Return the filter in terms of jobs."""
        return JobFilter(plugin_name=self.plugin_name, error_kind=self.kind, fingerprint=self.fingerprint)


FilterDep = Annotated[DeadLetterFilter, Depends()]


@router.get("", response_model=DeadLetterList, responses=problem_responses(401, 422))
async def list_dead_letters(
    caller: CallerDep, services: ServicesDep, page: PaginationDep, wanted: FilterDep
) -> Response:
    """List jobs that failed for good, newest first: the caller's own, for admins all."""
    total, items = await services[DeadLetterService].list_page(
        caller, wanted.as_jobs(), skip=page.skip, limit=page.limit
    )
    return Response(render_page(total, items), media_type="application/json")


@router.get("/groups", response_model=DeadLetterGroups, responses=problem_responses(401, 422))
async def list_dead_letter_groups(
    caller: CallerDep, services: ServicesDep, page: PaginationDep, wanted: FilterDep
) -> Response:
    """List failures that look the same together, the most frequent first."""
    total, items = await services[DeadLetterService].list_groups(
        caller, wanted.as_jobs(), skip=page.skip, limit=page.limit
    )
    return Response(render({"total": total, "items": items}), media_type="application/json")


@router.post(
    "/replay", status_code=status.HTTP_202_ACCEPTED, responses=problem_responses(401, 404, 409, 422, 503)
)
async def replay_dead_letters(caller: CallerDep, services: ServicesDep, body: ReplayRequest) -> ReplayRead:
    """Run all dead letters that match again, by default each with its own plugin version.

    Those whose input breaks the schema of another version stay where they are and are told.
    """
    wanted = JobFilter(plugin_name=body.plugin_name, error_kind=body.kind, fingerprint=body.fingerprint)
    done = await services[DeadLetterService].replay_many(caller, wanted, plugin_version=body.plugin_version)
    unfit_jobs = [
        UnfitRead(
            job_id=misfit.job_id, errors=[ViolationRead(**each._asdict()) for each in misfit.violations]
        )
        for misfit in done.misfits
    ]
    return ReplayRead(
        replayed=done.replayed, unfit=done.unfit, unfit_jobs=unfit_jobs, stopped_by=done.stopped_by
    )


@router.post(
    "/{job_id}/replay",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=JobRead,
    responses=problem_responses(400, 401, 404, 409, 422, 503),
)
async def replay_dead_letter(
    caller: CallerDep, services: ServicesDep, job_id: JobId, body: ReplayOptions | None = None
) -> Response:
    """Run one dead letter again, by default with its own plugin version."""
    version = body.plugin_version if body else None
    job = await services[DeadLetterService].replay_one(caller, job_id, plugin_version=version)
    return Response(job.text, status_code=202, media_type="application/json")
