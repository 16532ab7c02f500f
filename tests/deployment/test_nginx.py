"""nginx as it is configured for the deployment, in front of real API servers."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.deployment.conftest import miss
from tests.deployment.nginx import Nginx, running_nginx
from tests.fixtures.api import ADMIN, running_api

MANIFEST: dict[str, Any] = {
    "name": "never-run",
    "version": "1.0.0",
    "description": "Its jobs wait, because no dispatcher runs.",
    "docker_image": "none",
    "input_schema": {},
    "output_schema": {},
}


@pytest.fixture
def apis(database_url: str, redis_url: str) -> Iterator[list[str]]:
    """Two API servers on one database; a test may kill one."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(running_api(database_url=database_url, redis_url=redis_url)) for _ in range(2)
        ]


@pytest.fixture
def nginx(apis: list[str], tmp_path: Path) -> Iterator[Nginx]:
    """nginx in front of both."""
    if not shutil.which("nginx"):
        miss("nginx")
    with running_nginx(tmp_path, [urlsplit(url).port or 0 for url in apis]) as nginx:
        yield nginx


@pytest.fixture
def api(nginx: Nginx) -> Iterator[httpx.Client]:
    """The admin's client, which speaks to nginx."""
    base_url = f"https://localhost:{nginx.https_port}/api/v1"
    with httpx.Client(base_url=base_url, verify=nginx.trust, timeout=60) as client:
        token = client.post("/auth/token", json=ADMIN).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        client.post("/plugins", json=MANIFEST).raise_for_status()
        yield client


def submit(api: httpx.Client) -> int:
    job = (
        api.post("/jobs", json={"plugin_name": MANIFEST["name"], "input_data": {}}).raise_for_status().json()
    )
    return int(job["id"])


def open_stream(nginx: Nginx, api: httpx.Client, *, after: str = "") -> ClientConnection:
    address = f"wss://localhost:{nginx.https_port}/api/v1/ws/jobs?after={after}"
    headers = {"Authorization": api.headers["Authorization"]}
    return connect(address, ssl=nginx.trust, additional_headers=headers, proxy=None, open_timeout=60)


def next_event(socket: ClientConnection) -> dict[str, Any]:
    while True:
        event: dict[str, Any] = json.loads(socket.recv(timeout=30))
        if "job_id" in event:
            return event


def server_of(url: str) -> psutil.Process:
    port = urlsplit(url).port
    return next(
        psutil.Process(each.pid)
        for each in psutil.net_connections("tcp")
        if each.pid and each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port
    )


def test_a_websocket_survives_a_reload(nginx: Nginx, api: httpx.Client) -> None:
    with open_stream(nginx, api) as socket:
        first = submit(api)
        assert next_event(socket)["job_id"] == first
        nginx.reload()
        second = submit(api)
        assert next_event(socket)["job_id"] == second


def test_it_resumes_after_its_api_server_died(nginx: Nginx, api: httpx.Client, apis: list[str]) -> None:
    servers = [server_of(url) for url in apis]
    with open_stream(nginx, api) as socket:
        submit(api)
        seen = next_event(socket)
        (its_server,) = (server for server in servers if has_stream(server))
        its_server.kill()
        with contextlib.suppress(Exception):
            while True:
                socket.recv(timeout=30)
    missed = [submit(api) for _ in range(5)]

    with open_stream(nginx, api, after=seen["cursor"]) as socket:
        assert [next_event(socket)["job_id"] for _ in missed] == missed


def has_stream(server: psutil.Process) -> bool:
    """Tell whether a server has a connection that stays; requests have one each and are over."""
    return any(each.status == psutil.CONN_ESTABLISHED for each in connections_in(server))


def connections_in(server: psutil.Process) -> list[Any]:
    listening = {
        each.laddr.port for each in server.net_connections("tcp") if each.status == psutil.CONN_LISTEN
    }
    return [each for each in server.net_connections("tcp") if each.raddr and each.laddr.port in listening]


def test_requests_go_to_the_server_that_is_left(nginx: Nginx, api: httpx.Client, apis: list[str]) -> None:
    server_of(apis[0]).kill()

    assert [api.get("/users/me").status_code for _ in range(20)] == [200] * 20
    assert len({submit(api) for _ in range(20)}) == 20

    server_of(apis[1]).kill()
    refused = api.get("/users/me")
    assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
    assert "Idempotency-Key" in refused.json()["detail"]


def test_a_server_that_is_taken_out_gets_no_request(nginx: Nginx, api: httpx.Client, apis: list[str]) -> None:
    nginx.serve([urlsplit(apis[1]).port or 0])
    nginx.reload()
    server = server_of(apis[0])
    server.send_signal(signal.SIGSTOP)
    try:
        assert [api.get("/users/me").status_code for _ in range(20)] == [200] * 20
    finally:
        server.send_signal(signal.SIGCONT)


def test_bodies_and_rates_are_limited_in_our_words(nginx: Nginx, api: httpx.Client) -> None:
    refused = api.post("/jobs", content=b" " * 1_000_001)
    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")
    assert api.post("/jobs", content=b" " * 1_000_000).json()["status"] == 422

    answers: list[httpx.Response] = []

    def log_in() -> None:
        answers.append(api.post("/auth/token", json={"username": "nobody"}))

    threads = [threading.Thread(target=log_in) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited
    assert (limited[0].headers["retry-after"], limited[0].json()["code"]) == ("1", "rate_exceeded")


def test_every_answer_has_the_headers_and_none_shows_metrics(nginx: Nginx, api: httpx.Client) -> None:
    root = f"https://localhost:{nginx.https_port}"
    statuses = {"/docs": 200, "/metrics": 404, "/api/v1/none": 404, "/flower/": 503, "/flower/metrics": 404}
    for path, status in statuses.items():
        answer = api.get(root + path)
        assert answer.status_code == status, path
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["server"] == "nginx"


def test_http_2_is_spoken_and_plain_http_leads_to_tls(nginx: Nginx) -> None:
    context = nginx.trust
    context.set_alpn_protocols(["h2", "http/1.1"])
    with contextlib.closing(
        http.client.HTTPSConnection("localhost", nginx.https_port, context=context)
    ) as connection:
        connection.connect()
        assert connection.sock.selected_alpn_protocol() == "h2"  # type: ignore[attr-defined]
    plain = httpx.get(f"http://localhost:{nginx.http_port}/docs")
    assert (plain.status_code, plain.headers["location"]) == (308, "https://localhost/docs")
