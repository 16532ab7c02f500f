"""The log of a run over server-sent events, gone on with where a connection was lost."""

from __future__ import annotations

from typing import Any, Final

import httpx
from pydantic import ValidationError

from satellite.client.calls import API, Item, ItemFlow, Listen, Pause, Receive, Renew, Request
from satellite.client.connection import Connection
from satellite.client.errors import NotAuthenticated, ServerUnreachable
from satellite.client.events import RECONNECT_DELAY_MAX_S, RECONNECT_DELAY_S, RECONNECT_TRIES
from satellite.client.models import Answer
from satellite.client.workflow_models import LogLines
from satellite.contracts.event import EventType

SILENT_MAX_S: Final = 60.0
"""The server tells four times as often that it is there."""


def stream_run_log(client: Connection, run_id: int) -> ItemFlow[LogLines]:
    """Give lines of all tasks in the order in which they come, until the run's result.

    Raises:
        ServerUnreachable: the connection could not be had again in many tries.
        APIError: the server refused the log.
    """
    failures, is_renewed, after = 0, False, None
    while True:
        refused = client.token
        try:
            socket = yield Listen(_request(run_id, after))
            while True:
                frame = _parse((yield Receive(socket, None)))
                if frame is None:
                    continue
                failures, is_renewed, after = 0, False, frame.cursor
                if frame.type == EventType.RESULT:
                    return
                if frame.task is not None:
                    yield Item(LogLines(task=frame.task, map_index=frame.map_index, **frame.data))
        except NotAuthenticated:
            if is_renewed or not (yield Renew(refused)):
                raise
            is_renewed = True
            continue
        except (ServerUnreachable, EOFError):
            failures += 1
            if failures == RECONNECT_TRIES:
                raise
        yield Pause(min(RECONNECT_DELAY_S * 2 ** (failures - 1), RECONNECT_DELAY_MAX_S))


class _Frame(Answer):
    cursor: str
    type: str
    data: dict[str, Any]
    task: str | None = None
    map_index: int | None = None


def _parse(text: str) -> _Frame | None:
    """Return a frame, or None for what only a newer server tells."""
    try:
        return _Frame.model_validate_json(text)
    except ValidationError:
        return None


def _request(run_id: int, after: str | None) -> Request:
    return Request(
        method="GET",
        path=f"{API}/jobs/{run_id}/logs",
        params={"after": after},
        headers={"Accept": "text/event-stream"},
        timeout=httpx.Timeout(10, read=SILENT_MAX_S),
    )
