"""Ready-made frames for WebSockets: made once, written to any number of clients.

ASGI takes one message of one client at a time, which a task must send: with 1,000 clients that costs more
than all else an event does. So the server's protocol offers its applications, as an extension of the ASGI
scope, to write bytes that are a frame already.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode
from websockets.http11 import Request

EXTENSION = "satellite.prepared_frames"

WritePrepared: TypeAlias = Callable[[bytes], bool]
"""Writes whole frames without waiting; False if the client has gone or still has to take what was written."""


def prepare(text: str) -> bytes:
    """Return a text message as a server sends it; without compression it is the same for every client."""
    return WireFrame(Opcode.TEXT, text.encode()).serialize(mask=False)


class PreparedFramesProtocol(WebSocketsSansIOProtocol):
    """The WebSocket protocol of uvicorn, with the extension."""

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
