"""Whatever a client sends on its WebSocket, neither the API nor its other clients notice."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from operation_server.main import MAX_CLIENT_MESSAGE_BYTES
from tests.integration.live.conftest import submit

HANDSHAKE = (
    "GET /api/v1/ws/jobs HTTP/1.1\r\nHost: satellite\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nAuthorization: {}\r\n\r\n"
)
CLOSED = {1000, 1002, 1003, 1006, 1007, 1009, 1011}
"""1006 too: where the client still sends, a reset may overtake the frame that says why."""
LENGTHS = st.sampled_from([MAX_CLIENT_MESSAGE_BYTES + more for more in (0, 1, 70_000)])
MESSAGES = st.text(max_size=200) | st.binary(max_size=200) | LENGTHS
FRAMES = st.lists(MESSAGES | st.lists(st.text(max_size=50), min_size=1, max_size=5), max_size=5)
FUZZED = settings(
    max_examples=15, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


@pytest.fixture
def witness(user: httpx.Client) -> Iterator[ClientConnection]:
    """Another client of the same API, who listens all the while."""
    with connected(user) as connection:
        yield connection


def connected(user: httpx.Client) -> ClientConnection:
    address = str(user.base_url).replace("http", "ws", 1).rstrip("/") + "/ws/jobs"
    headers = {"Authorization": user.headers["Authorization"]}
    return connect(address, additional_headers=headers, proxy=None, close_timeout=5)


@FUZZED
@given(frames=FRAMES)
def test_messages_of_all_kinds(user: httpx.Client, witness: ClientConnection, frames: list[Any]) -> None:
    with connected(user) as connection, contextlib.suppress(ConnectionClosed):
        for frame in frames:
            connection.send("x" * frame if isinstance(frame, int) else frame)
        connection.ping().wait(10)
    assert connection.close_code in CLOSED
    hears_of_new_job(user, witness)


@FUZZED
@given(noise=st.binary(min_size=1, max_size=300))
def test_bytes_that_are_no_frames(user: httpx.Client, witness: ClientConnection, noise: bytes) -> None:
    url = urlsplit(str(user.base_url))
    with socket.create_connection((url.hostname, url.port or 80), timeout=10) as raw:
        raw.sendall(HANDSHAKE.format(user.headers["Authorization"]).encode())
        assert b" 101 " in raw.recv(4096)
        raw.sendall(noise)
    hears_of_new_job(user, witness)


def hears_of_new_job(user: httpx.Client, witness: ClientConnection) -> None:
    job_id = submit(user)
    while json.loads(witness.recv(timeout=30)).get("job_id") != job_id:
        pass
