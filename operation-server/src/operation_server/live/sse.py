"""Server-sent events: the same frames as WebSockets, for clients that only read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, HTTPException, Query, Response
from starlette.responses import StreamingResponse

from operation_server.dependencies import CallerDep, ServicesDep
from operation_server.jobs.schemas import EventList
from operation_server.live.cursor import STREAM_START, Cursor, CursorInvalid
from operation_server.live.hub import Hub
from operation_server.live.replay import follow, list_durable
from operation_server.live.subscription import FellBehind, Subscription
from operation_server.live.websocket import subscription_of
from operation_server.problems import problem_responses

KEEP_ALIVE_S = 15.0
CURSOR_START = len('{"cursor":"')
EVENT_STREAM = "text/event-stream"

router = APIRouter(tags=["live"])

AfterQuery = Annotated[str | None, Query(description="Cursor of the last event seen.")]
LastEventID = Annotated[str | None, Header(description="The same, as browsers send it.")]
LimitQuery = Annotated[int, Query(ge=1, le=1_000, description="Return at most this many, as JSON.")]


@router.get(
    "/jobs/{job_id}/events",
    response_model=EventList,
    responses=problem_responses(400, 401, 403, 404) | {200: {"content": {EVENT_STREAM: {}}}},
)
async def list_or_follow_events(
    job_id: int,
    services: ServicesDep,
    caller: CallerDep,
    *,
    after: AfterQuery = None,
    limit: LimitQuery = 500,
    accept: Annotated[str, Header()] = "",
    last_event_id: LastEventID = None,
) -> Response:
    """Return a job's durable events, or, with `Accept: text/event-stream`, tell all its events live."""
    await services.jobs.require_access(caller, job_id)
    cursor = _cursor(last_event_id or after)
    if EVENT_STREAM in accept:
        return sse_response(services.hub, Subscription(job_id=job_id), cursor)
    frames = await list_durable(
        services.hub.engine, job_id=job_id, after=cursor.event_id if cursor else 0, limit=limit
    )
    items = [orjson.Fragment(frame.text(Cursor(STREAM_START, frame.event_id))) for frame in frames]
    body = orjson.dumps({"total": len(items), "items": items})
    return Response(body, media_type="application/json")


@router.get("/events", responses=problem_responses(400, 401) | {200: {"content": {EVENT_STREAM: {}}}})
async def follow_events(
    services: ServicesDep, caller: CallerDep, after: AfterQuery = None, last_event_id: LastEventID = None
) -> StreamingResponse:
    """Tell what happens to the caller's jobs, as server-sent events; an admin sees everybody's."""
    return sse_response(services.hub, subscription_of(caller), _cursor(last_event_id or after))


def sse_response(hub: Hub, subscription: Subscription, cursor: Cursor | None) -> StreamingResponse:
    """Return a stream of events after a cursor."""
    return StreamingResponse(
        _messages(hub, subscription, cursor),
        media_type=EVENT_STREAM,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _cursor(text: str | None) -> Cursor | None:
    try:
        return Cursor.parse(text) if text else None
    except CursorInvalid as error:
        raise HTTPException(400, str(error)) from error


async def _messages(hub: Hub, subscription: Subscription, cursor: Cursor | None) -> AsyncIterator[str]:
    # A comment at once, so that the client knows that the stream is open before anything happens.
    yield ": open\n\n"
    async with contextlib.aclosing(follow(hub, subscription, after=cursor)) as lines:
        following: asyncio.Task[str] | None = None
        try:
            while True:
                following = following or asyncio.ensure_future(anext(lines))
                done, _ = await asyncio.wait({following}, timeout=KEEP_ALIVE_S)
                if not done:
                    yield ": still here\n\n"
                    continue
                line, following = following.result(), None
                cursor_text, _, _ = line[CURSOR_START:].partition('"')
                yield f"id: {cursor_text}\ndata: {line}\n\n"
        except FellBehind:
            # The browser reconnects by itself and sends the last cursor.
            return
        finally:
            if following is not None:
                following.cancel()
                await asyncio.wait({following})
