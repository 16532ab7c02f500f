"""Many WebSocket clients in one process, as cheap as Python allows: handshake, frame split, time of arrival.

Prints `ready` once all are connected. At the end of its stdin it prints what it received as JSON: for each
event, how many clients got it, when the last one did, and the event's own time.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import sys
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import uvloop

CONNECTING_AT_ONCE = 50
CURSOR_START = len(b'{"cursor":"')
TEXT, PING = 1, 9
PONG = b"\x8a\x80\x00\x00\x00\x00"


class Arrivals:
    """What all clients have received, by event."""

    def __init__(self) -> None:
        self.counts: dict[bytes, int] = {}
        self.last: dict[bytes, float] = {}
        self.bodies: dict[bytes, bytes] = {}

    def note(self, body: bytes) -> None:
        """Take one frame of one client."""
        key = body[CURSOR_START : body.index(b":", CURSOR_START)]
        self.last[key] = time.time()
        if key in self.counts:
            self.counts[key] += 1
        else:
            self.counts[key] = 1
            self.bodies[key] = body

    def report(self) -> list[dict[str, Any]]:
        """Return the events in order of their arrival."""
        told = []
        for key, count in self.counts.items():
            event = json.loads(self.bodies[key])
            at = datetime.fromisoformat(event["at"]).timestamp()
            told.append({"type": event["type"], "at": at, "last": self.last[key], "clients": count})
        return told


class Client(asyncio.Protocol):
    """One connection: an upgrade, then frames from the server."""

    def __init__(self, request: bytes, arrivals: Arrivals, upgraded: asyncio.Future[None]) -> None:
        self.request = request
        self.arrivals = arrivals
        self.upgraded = upgraded
        self.buffer = b""
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.upgraded.done():
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head[:16]:
                self.upgraded.set_exception(ConnectionError(head[:200].decode()))
                return
            self.buffer = rest
            self.upgraded.set_result(None)
        self.buffer = self.buffer[self.take_frames() :]

    def take_frames(self) -> int:
        """Handle all complete frames and return where the next one begins."""
        buffer, at = self.buffer, 0
        while len(buffer) - at >= 2:
            length, start = buffer[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(buffer[start : start + 2]), start + 2
            elif length == 127:
                length, start = int.from_bytes(buffer[start : start + 8]), start + 8
            end = start + length
            if end > len(buffer):
                break
            opcode = buffer[at] & 15
            if opcode == TEXT:
                self.arrivals.note(buffer[start:end])
            elif opcode == PING:
                self.transport.write(PONG[:1] + bytes([0x80 | length]) + PONG[2:] + buffer[start:end])
            at = end
        return at

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.upgraded.done():
            self.upgraded.set_exception(exc or ConnectionError("closed"))


def upgrade_request(url: str, token: str | None) -> bytes:
    """Return the HTTP request that asks for a WebSocket."""
    parts = urlsplit(url)
    headers = {
        "Host": parts.netloc,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        **({"Authorization": f"Bearer {token}"} if token else {}),
    }
    lines = [f"GET {parts.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


async def connect(url: str, token: str | None, arrivals: Arrivals) -> None:
    """Open one client."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    upgraded: asyncio.Future[None] = loop.create_future()
    await loop.create_connection(
        lambda: Client(upgrade_request(url, token), arrivals, upgraded), parts.hostname, parts.port
    )
    await asyncio.wait_for(upgraded, 30)


async def run(url: str, clients: int) -> None:
    """Connect, receive until stdin ends, report."""
    arrivals = Arrivals()
    token = os.environ.get("BENCH_TOKEN")
    for start in range(0, clients, CONNECTING_AT_ONCE):
        count = min(CONNECTING_AT_ONCE, clients - start)
        await asyncio.gather(*(connect(url, token, arrivals) for _ in range(count)))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps(arrivals.report()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("clients", type=int)
    arguments = parser.parse_args()
    uvloop.run(run(arguments.url, arguments.clients))
