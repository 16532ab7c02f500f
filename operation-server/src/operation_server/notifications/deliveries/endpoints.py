"""Routes to deliveries."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, status

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.notifications.deliveries.schemas import DeliveryDetail, DeliveryList, DeliveryRead
from operation_server.notifications.deliveries.service import DeliveryFilter, DeliveryService
from operation_server.problems import problem_responses
from satellite.contracts.notification import DeliveryStatus, NotificationKind
from satellite.contracts.numbers import LARGEST_ID

router = APIRouter(prefix="/notification-deliveries", tags=["notifications"], route_class=StrictJSONRoute)

DeliveryId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[9])]


@router.get("", responses=problem_responses(401, 403, 422))
async def list_deliveries(
    caller: CallerDep,
    services: ServicesDep,
    *,
    delivery_status: Annotated[DeliveryStatus | None, Query(alias="status")] = None,
    kind: NotificationKind | None = None,
    channel_id: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
    job_id: Annotated[
        int | None, Query(ge=1, le=LARGEST_ID, description="The number of a job or run.")
    ] = None,
    cursor: Annotated[
        str | None, Query(pattern=r"^[0-9]{1,18}$", description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DeliveryList:
    """List what the caller was or is to be told, newest first, with what receivers said."""
    wanted = DeliveryFilter(
        status=delivery_status,
        kind=kind,
        channel_id=channel_id,
        subject_id=job_id,
        before_id=None if cursor is None else int(cursor),
    )
    return await services[DeliveryService].list_page(caller, wanted, limit=limit)


@router.get("/{delivery_id}", responses=problem_responses(401, 403, 404, 422))
async def read_delivery(caller: CallerDep, services: ServicesDep, delivery_id: DeliveryId) -> DeliveryDetail:
    """Show a delivery with what it says."""
    return await services[DeliveryService].find(caller, delivery_id)


@router.post(
    "/{delivery_id}/redeliver",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problem_responses(401, 403, 404, 409, 422, 429),
)
async def redeliver(caller: CallerDep, services: ServicesDep, delivery_id: DeliveryId) -> DeliveryRead:
    """Send a delivery that has ended once more, under the same id."""
    return await services[DeliveryService].redeliver(caller, delivery_id)
