"""Routes to what was measured of versions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response, status

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.problems import problem_responses
from operation_server.registry.evaluations.schemas import EvaluationCreate, EvaluationList
from operation_server.registry.evaluations.service import EvaluationService
from operation_server.registry.places import Name, Version
from operation_server.registry.schemas import EvaluationRead
from satellite.contracts.numbers import LARGEST_ID

router = APIRouter(tags=["models"], route_class=StrictJSONRoute)

EvaluationId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[7])]
KNOWN: dict[int | str, dict[str, Any]] = {
    200: {"model": EvaluationRead, "description": "It is the newest on this data already"}
}


@router.post(
    "/models/{name}/versions/{version}/evaluations",
    status_code=status.HTTP_201_CREATED,
    responses=KNOWN | problem_responses(400, 401, 403, 404, 413, 422),
)
async def add_evaluation(
    *,
    caller: CallerDep,
    services: ServicesDep,
    response: Response,
    name: Name,
    version: Version,
    body: EvaluationCreate,
) -> EvaluationRead:
    """Keep how good a version is on data of one digest. The newest on the same data counts."""
    evaluation, is_new = await services[EvaluationService].add(caller, name, version, body)
    if not is_new:
        response.status_code = status.HTTP_200_OK
    return evaluation


@router.get("/models/{name}/versions/{version}/evaluations", responses=problem_responses(401, 404, 422))
async def list_evaluations(
    caller: CallerDep, services: ServicesDep, name: Name, version: Version, page: PaginationDep
) -> EvaluationList:
    """List the evaluations of a version, newest first."""
    del caller
    return await services[EvaluationService].list_page(name, version, skip=page.skip, limit=page.limit)


@router.delete(
    "/models/{name}/versions/{version}/evaluations/{evaluation_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(401, 403, 404, 422),
)
async def delete_evaluation(
    caller: CallerDep, services: ServicesDep, name: Name, version: Version, evaluation_id: EvaluationId
) -> None:
    """Delete an evaluation; the one before it on the same data counts then."""
    await services[EvaluationService].delete(caller, name, version, evaluation_id)
