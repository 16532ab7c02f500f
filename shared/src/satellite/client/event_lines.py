"""The data of server-sent events, one by one, as frames of a WebSocket are had."""

from __future__ import annotations

from typing import Final

import httpx

DATA: Final = "data:"


class EventLines:
    """Reads an open answer in a thread. Comments and other fields are passed over."""

    def __init__(self, response: httpx.Response) -> None:
        """Take an answer of which nothing was read."""
        self._lines = response.iter_lines()

    def recv(self, timeout: float | None = None) -> str:
        """Return the next data; how long it may take, the request says.

        Raises:
            EOFError: the server has ended the answer.
            httpx.TransportError: the line broke, or nothing came for too long.
        """
        del timeout
        for line in self._lines:
            if line.startswith(DATA):
                return line.removeprefix(DATA)
        raise EOFError("The server has ended its answer.")


class AsyncEventLines:
    """The same in an event loop."""

    def __init__(self, response: httpx.Response) -> None:
        """Take an answer of which nothing was read."""
        self._lines = response.aiter_lines()

    async def recv(self) -> str:
        """Return the next data, as `EventLines.recv` does."""
        async for line in self._lines:
            if line.startswith(DATA):
                return line.removeprefix(DATA)
        raise EOFError("The server has ended its answer.")
