"""The client for event loops: every method of `SatelliteClient`, to be awaited or iterated over."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, closing
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from tenacity import AsyncRetrying

from satellite.client.calls import (
    Asynchronous,
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
    Work,
    resume,
)
from satellite.client.client import SatelliteClient
from satellite.client.event_lines import AsyncEventLines
from satellite.client.events import CONNECT_OPTIONS
from satellite.client.every_call import EveryCall
from satellite.client.retrying import retrying

R = TypeVar("R")


class AsyncSatelliteClient(EveryCall, Asynchronous):
    """Talks to one operation server from one event loop; any number of tasks may use it at once.

    It raises what `SatelliteClient` raises. A task that is cancelled leaves no connection open.
    """

    def _open(self) -> None:
        self._http = httpx.AsyncClient(base_url=self.url, timeout=self._timeout_s)
        self._renewing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _renew(self, refused: str | None) -> bool:
        if self._login is None:
            return False
        # The lock of a login that is kept in a file blocks, so a thread waits for it, and one is enough.
        async with self._renewing:
            self.token = await asyncio.to_thread(self._renewed, refused) or self.token
        return self.token != refused

    def _renewed(self, refused: str | None) -> str | None:
        with SatelliteClient(
            self.url, login=self._login, timeout_s=self._timeout_s, retry_for_s=self._retry_for_s
        ) as client:
            return client.token if client.renew(refused) else None

    async def _run(self, flow: Flow[R]) -> R:
        async with AsyncExitStack() as held:
            step = resume(flow)
            while not isinstance(step, Done):
                step = resume(flow, *await self._attempt(step, held))
            return step.value

    async def _iterate(self, flow: ItemFlow[R]) -> AsyncGenerator[R, None]:
        async with AsyncExitStack() as held:
            with closing(flow):
                step = resume(flow)
                while not isinstance(step, Done):
                    if isinstance(step, Item):
                        yield step.value
                        step = resume(flow)
                    else:
                        step = resume(flow, *await self._attempt(step, held))

    async def _attempt(self, effect: Effect, held: AsyncExitStack) -> tuple[Any, BaseException | None]:
        try:
            return await self._perform(effect, held), None
        except BaseException as error:  # noqa: BLE001 - The rule says what follows, or lets it pass.
            return None, error

    async def _perform(self, effect: Effect, held: AsyncExitStack) -> Any:  # noqa: PLR0911  # One for each effect.
        match effect:
            case Request():
                return await self._ask(effect)
            case Pause(seconds):
                return await asyncio.sleep(seconds)
            case Work(work):
                done = await asyncio.to_thread(work)
                # A fallback may be a coroutine function.
                return await done if inspect.isawaitable(done) else done
            case Connect(address):
                return await self._connect(address, held)
            case Listen(request):
                return await self._listen(request, held)
            case Receive(socket, left_s):
                with self._telling():
                    async with asyncio.timeout(left_s):
                        return await socket.recv()
            case Renew(refused):
                return await self._renew(refused)

    async def _connect(self, address: str, held: AsyncExitStack) -> Any:
        from websockets.asyncio.client import connect  # noqa: PLC0415  # Slow to import.

        await held.aclose()
        return await held.enter_async_context(
            connect(address, additional_headers=self._identity, **CONNECT_OPTIONS)
        )

    async def _listen(self, request: Request, held: AsyncExitStack) -> AsyncEventLines:
        await held.aclose()
        with self._telling():
            response = await self._http.send(self._build(self._http, request), stream=True)
            held.push_async_callback(response.aclose)
            if not response.is_success:
                await response.aread()
        return AsyncEventLines(self._judged(response))

    async def _ask(self, request: Request) -> httpx.Response:
        repeat = retrying(AsyncRetrying, is_harmless=request.is_harmless, for_s=self._repeated_for_s(request))
        return await repeat(self._send, request)

    async def _send(self, request: Request) -> httpx.Response:
        refused = self.token
        response = await self._send_once(request)
        is_refused = response.status_code == httpx.codes.UNAUTHORIZED
        if is_refused and request.renews and await self._renew(refused):
            response = await self._send_once(request)
        return self._judged(response)

    async def _send_once(self, request: Request) -> httpx.Response:
        built = self._build(self._http, request)
        with self._telling():
            if request.sink is None:
                return await self._http.send(built)
            response = await self._http.send(built, stream=True)
            try:
                if response.is_success:
                    async for piece in response.aiter_raw():
                        request.sink(piece)
                else:
                    await response.aread()
            finally:
                await response.aclose()
            return response
