"""Events over a WebSocket that survives lost connections: each is seen once, none is missed."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from satellite.client.errors import Forbidden, NotAuthenticated, NotFound, ServerUnreachable
from satellite.contracts.event import Event, EventType

RECONNECT_DELAY_S = 0.2
RECONNECT_DELAY_MAX_S = 5.0
RECONNECT_TRIES = 20
_REFUSALS = {401: NotAuthenticated, 403: Forbidden, 404: NotFound}
_CLOSE_REFUSALS = {4401: 401, 4403: 403, 4404: 404, 1008: 403}


def stream_events(
    address: str,
    *,
    headers: Mapping[str, str],
    after: str | None,
    deadline: float | None,
    ends_with_result: bool,
) -> Iterator[Event]:
    """Yield events, reconnecting with the last cursor; returns at the deadline or after the result.

    Raises:
        ServerUnreachable: the connection could not be had again in many tries.
        APIError: the server refused the stream.
    """
    failures = 0
    while failures < RECONNECT_TRIES:
        query = f"?{urlencode({'after': after})}" if after else ""
        for event in _connection(address + query, headers=headers, deadline=deadline):
            if event is None:
                return
            failures, after = 0, event.cursor
            yield event
            if ends_with_result and event.type is EventType.RESULT:
                return
        failures += 1
        delay_s = min(RECONNECT_DELAY_S * 2 ** (failures - 1), RECONNECT_DELAY_MAX_S)
        if deadline is not None and time.monotonic() + delay_s > deadline:
            return
        time.sleep(delay_s)
    raise ServerUnreachable(f"The stream at {address} could not be reached {RECONNECT_TRIES} times.")


def _connection(
    address: str, *, headers: Mapping[str, str], deadline: float | None
) -> Iterator[Event | None]:
    """Yield the events of one connection until it is lost; None when the deadline has passed."""
    from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException  # noqa: PLC0415
    from websockets.sync.client import connect  # noqa: PLC0415  # Half of the client's import time.

    try:
        # No proxy: the library would otherwise take one from the environment even for loopback.
        with connect(address, additional_headers=dict(headers), open_timeout=10, proxy=None) as socket:
            for _ in itertools.count():
                left_s = None if deadline is None else max(deadline - time.monotonic(), 0)
                try:
                    frame = socket.recv(timeout=left_s)
                except TimeoutError:
                    yield None
                    return
                event = _parse(frame)
                if event is not None:
                    yield event
    except InvalidStatus as error:
        _raise_refusal(error.response.status_code)
    except ConnectionClosed as error:
        close = error.rcvd
        if close is not None and close.code in _CLOSE_REFUSALS:
            _raise_refusal(_CLOSE_REFUSALS[close.code], close.reason)
    except (OSError, WebSocketException, TimeoutError):
        return


def _parse(frame: str | bytes) -> Event | None:
    """Return the event of a frame, or None for what is no event (a keep-alive)."""
    try:
        return Event.model_validate_json(frame)
    except ValueError:
        return None


def _raise_refusal(status: int, reason: str = "") -> None:
    """Raise what the server meant; server errors are worth another try."""
    refusal = _REFUSALS.get(status)
    if refusal is not None:
        raise refusal(status, {"detail": reason or f"The server refused the stream ({status})."})
