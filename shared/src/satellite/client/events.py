"""Events over a WebSocket that survives lost connections: each is seen once, none is missed."""

from __future__ import annotations

import time
from typing import Any, Final
from urllib.parse import urlencode

from satellite.client.calls import API, Connect, Item, ItemFlow, Pause, Receive, Renew
from satellite.client.connection import Connection
from satellite.client.errors import APIError, Forbidden, NotAuthenticated, NotFound, ServerUnreachable
from satellite.contracts.event import Event, EventType

CONNECT_OPTIONS: Final[dict[str, Any]] = {"open_timeout": 10, "proxy": None}
"""No proxy: the library would otherwise take one from the environment even for loopback."""
RECONNECT_DELAY_S = 0.2
RECONNECT_DELAY_MAX_S = 5.0
RECONNECT_TRIES = 20
_REFUSALS = {401: NotAuthenticated, 403: Forbidden, 404: NotFound}
_CLOSE_REFUSALS = {4401: 401, 4403: 403, 4404: 404, 1008: 403}


def stream_events(
    client: Connection, job_id: int | None, *, after: str | None, deadline_s: float | None
) -> ItemFlow[Event]:
    """Give events, reconnecting with the last cursor; returns at the deadline or after a job's result.

    Raises:
        ServerUnreachable: the connection could not be had again in many tries.
        APIError: the server refused the stream.
    """
    from websockets.exceptions import WebSocketException  # noqa: PLC0415  # Slow to import.

    path = f"{API}/ws/jobs" + (f"/{job_id}" if job_id is not None else "")
    address = client.url.replace("http", "ws", 1) + path
    failures, is_renewed = 0, False
    while failures < RECONNECT_TRIES:
        refused = client.token
        try:
            socket = yield Connect(f"{address}?{urlencode({'after': after})}" if after else address)
            while True:
                event = _parse((yield Receive(socket, _left_s(deadline_s))))
                if event is None:
                    continue
                failures, is_renewed, after = 0, False, event.cursor
                yield Item(event)
                if job_id is not None and event.type is EventType.RESULT:
                    return
        except (OSError, WebSocketException) as error:
            refusal = _refusal(error)
            # Streams end with the right of what was shown; a login that goes on goes on with its streams.
            if isinstance(refusal, NotAuthenticated) and not is_renewed and (yield Renew(refused)):
                is_renewed = True
                continue
            if refusal is not None:
                raise refusal from error
        failures += 1
        delay_s = min(RECONNECT_DELAY_S * 2 ** (failures - 1), RECONNECT_DELAY_MAX_S)
        if deadline_s is not None and time.monotonic() + delay_s > deadline_s:
            return
        yield Pause(delay_s)
    raise ServerUnreachable(f"The stream at {address} could not be reached {RECONNECT_TRIES} times.")


def _left_s(deadline_s: float | None) -> float | None:
    return None if deadline_s is None else max(deadline_s - time.monotonic(), 0)


def _parse(frame: str | bytes) -> Event | None:
    """Return the event of a frame, or None for what is no event (a keep-alive)."""
    try:
        return Event.model_validate_json(frame)
    except ValueError:
        return None


def _refusal(error: Exception) -> APIError | None:
    """Return what the server meant; server errors and lost connections are worth another try."""
    from websockets.exceptions import ConnectionClosed, InvalidStatus  # noqa: PLC0415  # Slow to import.

    status, reason = 0, ""
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
    elif isinstance(error, ConnectionClosed) and error.rcvd is not None:
        status, reason = _CLOSE_REFUSALS.get(error.rcvd.code, 0), error.rcvd.reason
    refusal = _REFUSALS.get(status)
    if refusal is None:
        return None
    return refusal(status, {"detail": reason or f"The server refused the stream ({status})."})
