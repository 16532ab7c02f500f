"""WebSockets: every event of one job, or of all jobs the caller may see."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, WebSocket
from starlette.websockets import WebSocketDisconnect

from operation_server.accounts.access import owner_visible_to, visible_to
from operation_server.accounts.account import Account
from operation_server.accounts.caller import Refusal, SocketCallerDep, count
from operation_server.accounts.errors import KeyTooNarrow
from operation_server.cancellation import cancel
from operation_server.database.rows import AnyRow
from operation_server.dependencies import Services, ServicesDep
from operation_server.limits.errors import RateExceeded
from operation_server.live import repository
from operation_server.live.cursor import Cursor, CursorInvalid
from operation_server.live.hub import Hub
from operation_server.live.prepared_frames import EXTENSION
from operation_server.live.replay import follow
from operation_server.live.subscription import AccessEnded, FellBehind, StreamEnded, Subscription
from operation_server.trail.refusals import Refusals
from satellite.contracts.identity import JobKey

SEND_TIMEOUT_S = 10.0
"""A client that takes no frame for so long has gone."""

UNAUTHENTICATED = 4401
FORBIDDEN = 4403
NOT_FOUND = 4404
CURSOR_INVALID = 4400
TOO_MANY = 4429
UNSUPPORTED_DATA = 1003
TRY_AGAIN_LATER = 1013
RESTARTING = 1012

CLOSE_REASON_LENGTH = 120

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/ws", tags=["live"])

AfterParameter = Annotated[str | None, Query(description="Cursor of the last frame seen.")]


@router.websocket("/jobs/{job_id}")
async def watch_job(
    websocket: WebSocket,
    job_id: int,
    services: ServicesDep,
    caller: SocketCallerDep,
    after: AfterParameter = None,
) -> None:
    """Tell the whole story of a job, then whatever happens to it."""
    if not await _admit(websocket, services, caller) or isinstance(caller, Refusal):
        return
    reach, row = visible_to(caller), await find_head(services[Hub], job_id)
    if row is None:
        await websocket.close(NOT_FOUND, f"there is no job {job_id}")
    elif row.owner_id not in reach:
        await services[Refusals].note(caller, asked=f"WEBSOCKET {websocket.url.path}", code="job_not_yours")
        await websocket.close(FORBIDDEN, "this is somebody else's job")
    elif not reach.covers(row.plugin_name):
        await websocket.close(FORBIDDEN, "this API key is not for the job's plugin")
    else:
        subscription = subscription_to(JobKey(job_id, row.uid), caller)
        await _serve(websocket, services[Hub], subscription, after)


@router.websocket("/jobs")
async def watch_jobs(
    websocket: WebSocket, services: ServicesDep, caller: SocketCallerDep, after: AfterParameter = None
) -> None:
    """Tell what happens to the caller's jobs from now on; an admin sees everybody's."""
    if not await _admit(websocket, services, caller) or isinstance(caller, Refusal):
        return
    try:
        subscription = subscription_of(caller)
    except KeyTooNarrow as error:
        await websocket.close(FORBIDDEN, str(error))
        return
    await _serve(websocket, services[Hub], subscription, after)


def subscription_of(caller: Account) -> Subscription:
    """Return a subscription to all jobs that the caller may see."""
    owner_id = owner_visible_to(caller)
    return Subscription(owner_id=owner_id, caller=caller)


def subscription_to(job: JobKey, caller: Account) -> Subscription:
    """Return a subscription of the caller to one job."""
    return Subscription(job=job, caller=caller)


async def find_head(hub: Hub, job_id: int) -> AnyRow | None:
    """Return the uid, the owner and the plugin's name of a job, or None when there is no such job."""
    if not 0 < job_id < 2**63:
        return None
    async with hub.connections.connect() as connection:
        return await repository.find_head(connection, job_id)


async def _admit(websocket: WebSocket, services: Services, caller: Account | Refusal) -> bool:
    """Count a WebSocket and tell who is refused why."""
    # Refused after the handshake, because browsers see no close code of a refused handshake.
    await websocket.accept()
    known = caller.caller if isinstance(caller, Refusal) else caller
    try:
        await count(websocket, services, known)
    except RateExceeded as error:
        await websocket.close(TOO_MANY, str(error)[:CLOSE_REASON_LENGTH])
        return False
    if isinstance(caller, Refusal):
        if caller.code is not None:
            await services[Refusals].note(known, asked=f"WEBSOCKET {websocket.url.path}", code=caller.code)
        await websocket.close(
            UNAUTHENTICATED if caller.code is None else FORBIDDEN, caller.reason[:CLOSE_REASON_LENGTH]
        )
        return False
    return True


async def _serve(websocket: WebSocket, hub: Hub, subscription: Subscription, after: str | None) -> None:
    try:
        cursor = Cursor.parse(after) if after else None
    except CursorInvalid as error:
        await websocket.close(CURSOR_INVALID, str(error))
        return
    subscription.write_now = websocket.scope.get("extensions", {}).get(EXTENSION)
    sending = asyncio.create_task(_send(websocket, hub, subscription, cursor))
    receiving = asyncio.create_task(_listen(websocket))
    try:
        await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel(sending, receiving)
        for ended in await asyncio.gather(sending, receiving, return_exceptions=True):
            if isinstance(ended, Exception):
                log.error("a client's stream failed unforeseen", exc_info=ended)


async def _send(websocket: WebSocket, hub: Hub, subscription: Subscription, cursor: Cursor | None) -> None:
    try:
        async with contextlib.aclosing(follow(hub, subscription, after=cursor)) as lines:
            async for line in lines:
                # Not wait_for, which makes a task: with many clients that costs more than the sending.
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await websocket.send_text(line)
    except FellBehind:
        await _close(websocket, TRY_AGAIN_LATER, "too slow; resume from the last cursor")
    except AccessEnded:
        await _close(websocket, UNAUTHENTICATED, "this login or key has ended; log in and resume")
    except StreamEnded:
        await _close(websocket, RESTARTING, "restarting; resume from the last cursor")
    except (WebSocketDisconnect, TimeoutError, RuntimeError):
        return


async def _listen(websocket: WebSocket) -> None:
    """Read until the client goes, which is how that is noticed; text is ignored, binary data ends it."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while (message := await websocket.receive())["type"] != "websocket.disconnect":
            # Many clients send some text now and then to keep the line open; nobody does that in binary.
            if message.get("bytes") is not None:
                await _close(websocket, UNSUPPORTED_DATA, "binary frames are not understood here")


async def _close(websocket: WebSocket, code: int, reason: str) -> None:
    # A client that reads nothing takes no close frame either.
    with contextlib.suppress(WebSocketDisconnect, TimeoutError, RuntimeError):
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await websocket.close(code, reason)
