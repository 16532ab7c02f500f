"""The WebSocket protocol, in a server of this process."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn

from operation_server.live.prepared_frames import PreparedFramesProtocol

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


class ImpatientProtocol(PreparedFramesProtocol):
    """Waits less than the real one."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.close_timeout = 0.1


async def send_more_than_sockets_hold(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    try:
        async with asyncio.timeout(0.2):
            while True:
                await send({"type": "websocket.send", "text": "x" * 1_000_000})
    except TimeoutError:
        return


async def test_a_client_that_takes_nothing_is_dropped_with_what_was_written_to_it() -> None:
    config = uvicorn.Config(
        send_more_than_sockets_hold,
        port=0,
        ws=ImpatientProtocol,
        lifespan="off",
        log_level="warning",
        ws_per_message_deflate=False,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as client:
        serving = asyncio.create_task(server.serve([listening]))
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, listening.getsockname())
        await loop.sock_sendall(client, HANDSHAKE)
        try:
            async with asyncio.timeout(10):
                while not server.server_state.tasks:
                    await asyncio.sleep(0.01)
                while server.server_state.connections:
                    await asyncio.sleep(0.01)
        finally:
            server.should_exit = server.force_exit = True
            await serving
