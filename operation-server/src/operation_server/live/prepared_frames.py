"""The WebSocket protocol of the API: ready-made frames, and no connection that outlives its use.

Frames are made once and written to any number of clients.

ASGI takes one message of one client at a time, which a task must send: with 1,000 clients that costs more
than all else an event does. So the server's protocol offers its applications, as an extension of the ASGI
scope, to write bytes that are a frame already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Opcode
from websockets.frames import Frame as WireFrame
from websockets.http11 import Request

EXTENSION = "satellite.prepared_frames"

WritePrepared: TypeAlias = Callable[[bytes], bool]
"""Writes whole frames without waiting; False if the client has gone or still has to take what was written."""


def prepare(text: str) -> bytes:
    """Return a text message as a server sends it; without compression it is the same for every client."""
    return WireFrame(Opcode.TEXT, text.encode()).serialize(mask=False)


class PreparedFramesProtocol(WebSocketsSansIOProtocol):
    """The WebSocket protocol of uvicorn, with the extension; what clients send wrong costs no traceback."""

    def handle_connect(self, event: Request) -> None:
        """Offer the extension to the application of a connection that was accepted."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions = cast("dict[str, Any]", self.scope["extensions"])
            extensions[EXTENSION] = self.write_prepared

    def write_prepared(self, frames: bytes) -> bool:
        """Write whole frames now, or say that it cannot be done now."""
        if self.disconnected or self.close_sent or not self.writable.is_set() or self.transport.is_closing():
            return False
        self.transport.write(frames)
        return True

    def send_receive_event_to_app(self) -> None:
        """Hand on a message, or end the connection if it is text that is no UTF-8."""
        if self.curr_msg_data_type == "text" and not self.close_sent and not is_utf8(b"".join(self.frames)):
            self.conn.fail(CloseCode.INVALID_DATA, "the text is not UTF-8")
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Give a client that takes nothing a while to take the rest, then drop what was written."""
        super().on_task_complete(task)
        if not self.disconnected:
            self.loop.call_later(self.close_timeout, self.transport.abort)


def is_utf8(data: bytes) -> bool:
    """Tell whether `data` is text in UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
