"""Requests that are never finished are closed, whole ones that take long are not."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
from websockets.sync.client import connect

from tests.fixtures.api import log_in, running_api
from tests.integration.operation_server_api.conftest import MANIFEST

ALLOWED_S = 1
PATIENCE_S = 30

WHOLE = b"GET /health HTTP/1.1\r\nHost: satellite\r\n\r\n"
JOB_HEAD = b"POST /api/v1/jobs HTTP/1.1\r\nHost: satellite\r\nContent-Type: application/json\r\n"
TOKEN_HEAD = JOB_HEAD.replace(b"jobs", b"auth/token")

HALVES = {
    "half a head": b"GET /health HT",
    "a head without its end": b"GET /health HTTP/1.1\r\nHost: satellite\r\n",
    "half a body": JOB_HEAD + b"Content-Length: 100\r\n\r\n" + b'{"plugin',
    "no body": JOB_HEAD + b"Content-Length: 100\r\n\r\n",
    "half a chunked body": JOB_HEAD + b"Transfer-Encoding: chunked\r\n\r\n8\r\n" + b'{"plugin\r\n',
    "half a password": TOKEN_HEAD + b"Content-Length: 100\r\n\r\n" + b'{"user',
    "a body that was asked for": JOB_HEAD + b"Expect: 100-continue\r\nContent-Length: 100\r\n\r\n",
    "half a second request": WHOLE + b"GET /hea",
}


@pytest.fixture
def url(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an API process that waits for a second only."""
    monkeypatch.setenv("SATELLITE_API_REQUEST_TIMEOUT_S", str(ALLOWED_S))
    with running_api(database_url=database_url, redis_url=redis_url) as url:
        yield url


def open_connection(url: str) -> socket.socket:
    address = httpx.URL(url)
    return socket.create_connection((address.host, address.port or 80), timeout=PATIENCE_S)


def read_to_the_end(connection: socket.socket) -> bytes:
    """Return all that comes until the server closes; the socket's own time runs out if it never does."""
    received = b""
    with connection, contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            received += part
    return received


def test_half_requests_are_closed_with_408(url: str) -> None:
    connections = {name: open_connection(url) for name in HALVES}
    for name, half in HALVES.items():
        connections[name].sendall(half)

    for name, connection in connections.items():
        answer = read_to_the_end(connection)
        assert b"HTTP/1.1 408 Request Timeout\r\n" in answer, name
        assert b"request_timeout" in answer, name
        assert b"application/problem+json" in answer, name
        assert answer.count(b"HTTP/1.1 200") == (name == "half a second request"), name
        assert b"HTTP/1.1 500" not in answer, name


def test_silence_is_closed_without_a_word(url: str) -> None:
    silent, idle = open_connection(url), open_connection(url)
    idle.sendall(WHOLE + b"\r\n\r\n")

    assert read_to_the_end(silent) == b""
    assert read_to_the_end(idle).startswith(b"HTTP/1.1 200")


def test_a_byte_now_and_then_keeps_nothing_open(url: str) -> None:
    connection = open_connection(url)
    closed = threading.Event()

    def drip() -> None:
        with contextlib.suppress(OSError):
            connection.sendall(b"GET /health HTTP/1.1\r\nX-Long: ")
            while not closed.wait(0.1):
                connection.sendall(b"x")

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        answer = read_to_the_end(connection)
    finally:
        closed.set()
        dripping.join(PATIENCE_S)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408")


def test_a_head_has_a_largest_size(url: str) -> None:
    connection = open_connection(url)
    with contextlib.suppress(OSError):
        for _ in range(4):
            connection.sendall(b"GET /health HTTP/1.1\r\n" + b"X-Long: " + b"x" * 20_000)

    answer = read_to_the_end(connection)
    assert answer == b"" or b"431 Request Header Fields Too Large" in answer


def test_what_takes_long_but_is_whole_is_served(url: str) -> None:
    with log_in(url) as client:
        client.post("/plugins", json=MANIFEST).raise_for_status()
        job = {"plugin_name": "adder", "input_data": {"n": 1}}
        ticket = client.post("/auth/ws-ticket").raise_for_status().json()["ticket"]
        with connect(f"{url.replace('http', 'ws')}/api/v1/ws/jobs?ticket={ticket}", open_timeout=60) as live:
            answer = client.post("/jobs", json=job, headers={"Prefer": f"wait={3 * ALLOWED_S}"})
            assert answer.status_code == 202
            assert live.recv(timeout=PATIENCE_S)
            client.post("/jobs", json=job).raise_for_status()
            assert live.recv(timeout=PATIENCE_S)
