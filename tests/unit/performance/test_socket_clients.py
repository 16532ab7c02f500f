"""The cheap WebSocket client reads frames however the network cuts them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from operation_server.live.prepared_frames import prepare
from tests.performance.socket_clients import Arrivals, Client

EVENT = '{"cursor":"%d-0:7","job_id":1,"type":"status","data":{},"at":"2026-01-02T03:04:05+00:00"}'


class Wire:
    """Keeps what a client writes."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data


async def upgraded(arrivals: Arrivals) -> tuple[Client, Wire]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    client, wire = Client(b"GET /", arrivals, future), Wire()
    client.connection_made(wire)
    client.data_received(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    await future
    return client, wire


@pytest.mark.parametrize("step", [1, 7, 10_000])
async def test_frames_are_found_in_any_pieces(step: int) -> None:
    arrivals = Arrivals()
    client, _ = await upgraded(arrivals)
    long = EVENT.replace("{}", '{"lines":["' + "x" * 300 + '"]}')
    stream = prepare(EVENT % 1) + prepare(long % 2) + prepare(EVENT % 3)
    for start in range(0, len(stream), step):
        client.data_received(stream[start : start + step])

    told: list[dict[str, Any]] = arrivals.report()
    assert list(arrivals.counts) == [b"1-0", b"2-0", b"3-0"]
    assert [event["clients"] for event in told] == [1, 1, 1]
    assert told[0]["last"] > told[0]["at"]


async def test_a_ping_is_answered() -> None:
    client, wire = await upgraded(Arrivals())
    client.data_received(b"\x89\x04abcd")
    assert wire.written == b"GET /" + b"\x8a\x84\x00\x00\x00\x00abcd"


async def test_a_refused_upgrade_is_an_error() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    client = Client(b"", Arrivals(), future)
    client.connection_made(Wire())
    client.data_received(b"HTTP/1.1 403 Forbidden\r\n\r\n")
    with pytest.raises(ConnectionError, match="403"):
        await future
