"""The route to see rejected reports."""

from __future__ import annotations

from fastapi import APIRouter

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.problems import problem_responses
from operation_server.rejections.schemas import RejectedReportList
from operation_server.rejections.service import RejectionService

router = APIRouter(prefix="/rejected-reports", tags=["dead letters"])


@router.get("", responses=problem_responses(401, 403, 422))
async def list_rejected_reports(
    caller: CallerDep, services: ServicesDep, page: PaginationDep
) -> RejectedReportList:
    """List what workers reported and nobody could apply, newest first; for admins."""
    return await services[RejectionService].list_page(caller, skip=page.skip, limit=page.limit)
