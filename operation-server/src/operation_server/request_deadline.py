"""Closes connections whose request is never finished; uvicorn itself would wait for the rest for ever."""

from __future__ import annotations

import asyncio
import functools
import http
from enum import Enum, auto

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from operation_server.problems import problem_response
from operation_server.settings import ApiSettings

SLOWEST_BYTES_PER_S = 10_000
"""A body that arrives at least this fast has all the time it needs."""
MOST_HEAD_BYTES = 65_536


class Phase(Enum):
    """Which part of a request is to come."""

    HEAD = auto()
    BODY = auto()
    NONE = auto()


class DeadlineProtocol(HttpToolsProtocol):
    """Gives the head and the body of each request a time to be complete, and the head a largest size.

    The clock of a head starts with the connection or the head's first byte, so neither silence nor a byte now
    and then keeps a connection open. Between requests uvicorn's keep-alive has its own.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._allowed_s = request_timeout_s()
        self._watch: asyncio.TimerHandle | None = None
        self._await(Phase.HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._await(Phase.NONE)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Wait for the rest of a head."""
        super().on_message_begin()
        self._await(Phase.HEAD)

    def on_headers_complete(self) -> None:
        """Wait for a body."""
        super().on_headers_complete()
        self._await(Phase.BODY)

    def on_message_complete(self) -> None:
        """Wait for nothing while the request is answered."""
        super().on_message_complete()
        self._await(Phase.NONE)

    def data_received(self, data: bytes) -> None:
        """Take data in, and note how much of an unfinished request has come."""
        phase = self._phase
        super().data_received(data)
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            # Refused, or a WebSocket from now on.
            self._await(Phase.NONE)
            return
        if self._phase is phase:
            self._received += len(data)
        if self._phase is Phase.HEAD and self._received > MOST_HEAD_BYTES:
            self._refuse(431, "headers_too_large", f"The head is larger than {MOST_HEAD_BYTES} bytes.")
        elif self._phase is Phase.NONE and self._is_idle and self.timeout_keep_alive_task is None:
            # Empty lines between requests, which end uvicorn's own waiting.
            self._await(Phase.HEAD)

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await(self, phase: Phase) -> None:
        """Give the next part of a request its time."""
        self._phase, self._received, self._began = phase, 0, self.loop.time()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if phase is not Phase.NONE:
            self._watch = self.loop.call_later(self._allowed_s, self._look)

    def _look(self) -> None:
        """Close the connection, unless the server itself does not read, or much has come meanwhile."""
        rest_s = self._began + self._allowed_s - self.loop.time()
        if self._phase is Phase.BODY:
            rest_s += self._received / SLOWEST_BYTES_PER_S
        answers_another = self._phase is Phase.HEAD and not self._is_idle
        if answers_another or self.flow.read_paused or rest_s > 0:
            self._watch = self.loop.call_later(max(rest_s, 1), self._look)
            return
        self._refuse(408, "request_timeout", f"The request was not complete within {self._allowed_s:g} s.")

    def _refuse(self, status: int, code: str, detail: str) -> None:
        has_begun = self._received > 0 or self._phase is Phase.BODY
        if has_begun and (self._is_idle or not self.cycle.response_started) and not self.pipeline:
            self.transport.write(closing_answer(status, code, detail))
        self.transport.close()


def closing_answer(status: int, code: str, detail: str) -> bytes:
    """Return a whole answer that no application gives."""
    response = problem_response(
        status=status, code=code, detail=detail, request_id=None, headers={"Connection": "close"}
    )
    head = [f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}".encode()]
    head += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join([*head, b"", bytes(response.body)])


@functools.cache
def request_timeout_s() -> float:
    """Return the setting; uvicorn makes protocols itself and hands them nothing of ours."""
    return ApiSettings().request_timeout_s
