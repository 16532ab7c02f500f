"""The client that waits in the thread of its caller."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import ExitStack, closing
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from tenacity import Retrying

from satellite.client.calls import (
    API,
    Connect,
    Done,
    Effect,
    Flow,
    Item,
    ItemFlow,
    Listen,
    Pause,
    Receive,
    Renew,
    Request,
    Synchronous,
    Work,
    resume,
)
from satellite.client.errors import Conflict, NotAuthenticated
from satellite.client.event_lines import EventLines
from satellite.client.events import CONNECT_OPTIONS
from satellite.client.every_call import EveryCall
from satellite.client.login import Tokens
from satellite.client.models import Grant
from satellite.client.reading import json_of, read_answer
from satellite.client.retrying import retrying

R = TypeVar("R")


class SatelliteClient(EveryCall, Synchronous):
    """Talks to one operation server; may be used from several threads.

    Every method raises `ServerUnreachable` when nobody answers and a subclass of `APIError` when the
    server refuses; those that send a value raise `RequestUnfit` when no server would take it.
    """

    def _open(self) -> None:
        self._http = httpx.Client(base_url=self.url, timeout=self._timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def renew(self, refused: str | None) -> bool:
        """Exchange an access token that was refused, and tell whether there is another now.

        Whoever comes second finds the tokens of the first.
        """
        if self._login is None:
            return False
        with self._login.held():
            kept = self._login.read()
            if kept is not None and kept.access == refused:
                kept = self._refresh(kept.refresh)
                if kept is not None:
                    self._login.write(kept)
        if kept is None:
            return False
        self.token = kept.access
        return True

    def _refresh(self, token: str | None) -> Tokens | None:
        if token is None:
            return None
        body = {"refresh_token": token}
        try:
            response = self._ask(Request(method="POST", path=f"{API}/auth/refresh", body=body, renews=False))
        except (NotAuthenticated, Conflict):
            return None
        grant = read_answer(Grant, json_of(response))
        return Tokens(access=grant.access_token, refresh=grant.refresh_token)

    def _run(self, flow: Flow[R]) -> R:
        with ExitStack() as held:
            step = resume(flow)
            while not isinstance(step, Done):
                step = resume(flow, *self._attempt(step, held))
            return step.value

    def _iterate(self, flow: ItemFlow[R]) -> Generator[R, None, None]:
        with ExitStack() as held, closing(flow):
            step = resume(flow)
            while not isinstance(step, Done):
                if isinstance(step, Item):
                    yield step.value
                    step = resume(flow)
                else:
                    step = resume(flow, *self._attempt(step, held))

    def _attempt(self, effect: Effect, held: ExitStack) -> tuple[Any, BaseException | None]:
        try:
            return self._perform(effect, held), None
        except BaseException as error:  # noqa: BLE001 - The rule says what follows, or lets it pass.
            return None, error

    def _perform(self, effect: Effect, held: ExitStack) -> Any:  # noqa: PLR0911  # One for each effect.
        match effect:
            case Request():
                return self._ask(effect)
            case Pause(seconds):
                return time.sleep(seconds)
            case Work(work):
                return work()
            case Connect(address):
                return self._connect(address, held)
            case Listen(request):
                return self._listen(request, held)
            case Receive(socket, left_s):
                with self._telling():
                    return socket.recv(timeout=left_s)
            case Renew(refused):
                return self.renew(refused)

    def _connect(self, address: str, held: ExitStack) -> Any:
        from websockets.sync.client import connect  # noqa: PLC0415  # Half of the client's import time.

        held.close()
        return held.enter_context(connect(address, additional_headers=self._identity, **CONNECT_OPTIONS))

    def _listen(self, request: Request, held: ExitStack) -> EventLines:
        held.close()
        with self._telling():
            response = self._http.send(self._build(self._http, request), stream=True)
            held.callback(response.close)
            if not response.is_success:
                response.read()
        return EventLines(self._judged(response))

    def _ask(self, request: Request) -> httpx.Response:
        repeat = retrying(Retrying, is_harmless=request.is_harmless, for_s=self._repeated_for_s(request))
        return repeat(self._send, request)

    def _send(self, request: Request) -> httpx.Response:
        refused = self.token
        response = self._send_once(request)
        is_refused = response.status_code == httpx.codes.UNAUTHORIZED
        if is_refused and request.renews and self.renew(refused):
            response = self._send_once(request)
        return self._judged(response)

    def _send_once(self, request: Request) -> httpx.Response:
        built = self._build(self._http, request)
        with self._telling():
            if request.sink is None:
                return self._http.send(built)
            response = self._http.send(built, stream=True)
            try:
                if response.is_success:
                    for piece in response.iter_raw():
                        request.sink(piece)
                else:
                    response.read()
            finally:
                response.close()
            return response
