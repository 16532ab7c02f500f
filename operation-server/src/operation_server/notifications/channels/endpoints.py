"""Routes to channels, and to what signs webhooks of jobs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, status

from operation_server.accounts.caller import CallerDep
from operation_server.dependencies import PaginationDep, ServicesDep
from operation_server.json_route import StrictJSONRoute
from operation_server.notifications.channels.schemas import (
    ChannelChange,
    ChannelCreate,
    ChannelCreated,
    ChannelList,
    ChannelRead,
    SigningSecretRead,
)
from operation_server.notifications.channels.service import ChannelService
from operation_server.notifications.deliveries.schemas import DeliveryRead
from operation_server.problems import problem_responses
from satellite.contracts.numbers import LARGEST_ID

router = APIRouter(tags=["notifications"], route_class=StrictJSONRoute)

ChannelId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[7])]


@router.post(
    "/notification-channels",
    status_code=status.HTTP_201_CREATED,
    responses=problem_responses(401, 403, 409, 422, 503),
)
async def create_channel(caller: CallerDep, services: ServicesDep, body: ChannelCreate) -> ChannelCreated:
    """Make a channel. What signs the messages of a webhook is shown this once."""
    return await services[ChannelService].create(caller, body)


@router.get("/notification-channels", responses=problem_responses(401, 403, 422))
async def list_channels(caller: CallerDep, services: ServicesDep, page: PaginationDep) -> ChannelList:
    """List the caller's channels by name."""
    return await services[ChannelService].list_page(caller, skip=page.skip, limit=page.limit)


@router.get("/notification-channels/{channel_id}", responses=problem_responses(401, 403, 404, 422))
async def read_channel(caller: CallerDep, services: ServicesDep, channel_id: ChannelId) -> ChannelRead:
    """Show a channel of the caller's."""
    return await services[ChannelService].find(caller, channel_id)


@router.patch(
    "/notification-channels/{channel_id}", responses=problem_responses(401, 403, 404, 409, 422, 503)
)
async def change_channel(
    caller: CallerDep, services: ServicesDep, channel_id: ChannelId, body: ChannelChange
) -> ChannelRead:
    """Change a channel; enabled again, it forgets why it was disabled."""
    return await services[ChannelService].change(caller, channel_id, body)


@router.delete(
    "/notification-channels/{channel_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problem_responses(401, 403, 404, 422),
)
async def delete_channel(caller: CallerDep, services: ServicesDep, channel_id: ChannelId) -> None:
    """Delete a channel with its deliveries; what waits is not sent any more."""
    await services[ChannelService].delete(caller, channel_id)


@router.post(
    "/notification-channels/{channel_id}/test",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problem_responses(401, 403, 404, 409, 422, 429),
)
async def try_channel(caller: CallerDep, services: ServicesDep, channel_id: ChannelId) -> DeliveryRead:
    """Send a message that says it is a test; its delivery tells what the receiver says."""
    return await services[ChannelService].test(caller, channel_id)


@router.post(
    "/notification-channels/{channel_id}/rotate-secret",
    responses=problem_responses(401, 403, 404, 422, 503),
)
async def rotate_secret(caller: CallerDep, services: ServicesDep, channel_id: ChannelId) -> SigningSecretRead:
    """Make another secret that signs the messages of a webhook; that of before signs too for a while."""
    return await services[ChannelService].rotate(caller, channel_id)


@router.post("/webhook-secret", responses=problem_responses(401, 403, 503))
async def make_webhook_secret(caller: CallerDep, services: ServicesDep) -> SigningSecretRead:
    """Make the secret that signs webhooks of the caller's jobs, or another one; shown this once."""
    return await services[ChannelService].rotate(caller, None)
