"""Server-sent events: the same frames as WebSockets, for clients that only read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import StreamingResponse

from operation_server.accounts.caller import CallerDep
from operation_server.cancellation import cancel
from operation_server.dependencies import ServicesDep
from operation_server.live.cursor import Cursor
from operation_server.live.hub import Hub
from operation_server.live.replay import follow
from operation_server.live.subscription import StreamEnded, Subscription
from operation_server.live.websocket import subscription_of
from operation_server.problems import problem_responses

KEEP_ALIVE_S = 15.0
CURSOR_START = len('{"cursor":"')
EVENT_STREAM = "text/event-stream"

STREAM_EXAMPLE = (
    'id: 1767323045000-0:7\ndata: {"cursor":"1767323045000-0:7","job_id":42,"type":"status",...}\n\n'
)
STREAM_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {EVENT_STREAM: {"example": STREAM_EXAMPLE}}}
}

router = APIRouter(tags=["live"])


async def get_resume_cursor(
    after: Annotated[
        str | None, Query(max_length=64, description="Cursor of the last event seen.", examples=["0-0:7"])
    ] = None,
    last_event_id: Annotated[
        str | None, Header(max_length=64, description="The same, as browsers send it.")
    ] = None,
) -> str | None:
    """Return the cursor after which a client resumes."""
    return last_event_id or after


ResumeDep = Annotated[str | None, Depends(get_resume_cursor)]


@router.get(
    "/events", response_class=StreamingResponse, responses=STREAM_ANSWER | problem_responses(401, 422)
)
async def follow_events(services: ServicesDep, caller: CallerDep, after: ResumeDep) -> StreamingResponse:
    """Tell what happens to the caller's jobs, as server-sent events; an admin sees everybody's."""
    return sse_response(services[Hub], subscription_of(caller), after=after)


def sse_response(hub: Hub, subscription: Subscription, *, after: str | None) -> StreamingResponse:
    """Return a stream of events after the cursor `after`.

    Raises:
        CursorInvalid: `after` is no cursor.
    """
    return lines_response(follow(hub, subscription, after=Cursor.parse(after) if after else None))


def lines_response(lines: AsyncGenerator[str]) -> StreamingResponse:
    """Return a stream of frames, each given by its text, which begins with its cursor."""
    return StreamingResponse(
        _messages(lines),
        media_type=EVENT_STREAM,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _messages(frames: AsyncGenerator[str]) -> AsyncIterator[str]:
    # A comment at once, so that the client knows that the stream is open before anything happens.
    yield ": open\n\n"
    async with contextlib.aclosing(frames) as lines:
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
        except (StreamEnded, StopAsyncIteration):
            # The browser reconnects by itself and sends the last cursor.
            return
        finally:
            if following is not None:
                await cancel(following)
