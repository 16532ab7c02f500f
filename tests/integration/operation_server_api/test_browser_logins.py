"""Logins by cookie, the pages they are taken from, and the headers of every answer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from operation_server.dashboard.pages import HEADERS as PAGE_HEADERS
from operation_server.main import create_app
from operation_server.security_headers import HEADERS
from operation_server.settings import OperationSettings
from tests.integration.operation_server_api.conftest import ADMIN, MANIFEST, NEW, started

OWN = {"Origin": "https://satellite.example"}
FOREIGN = [
    {},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://satellite.example.evil.example"},
    {"Origin": "https://satellite.example:8443"},
    {"Origin": "https://evil@satellite.example"},
]


@pytest.fixture
async def app(settings: OperationSettings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client with cookies, at the server's own name."""
    async with started(app) as stranger:
        yield httpx.AsyncClient(transport=stranger._transport, base_url="https://satellite.example/api/v1")


async def sign_in(browser: httpx.AsyncClient) -> httpx.Response:
    answer = await browser.post("/auth/session", json=ADMIN, headers=OWN)
    assert answer.status_code == 204, answer.text
    return answer


async def test_a_login_is_a_cookie_for_this_server_alone(browser: httpx.AsyncClient) -> None:
    answer = await sign_in(browser)

    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith("__Host-satellite=")
    assert {each.lower() for each in attributes} >= {"httponly", "secure", "path=/", "samesite=strict"}
    assert "domain" not in answer.headers["set-cookie"].lower()
    assert (await browser.get("/users/me")).json()["email"] == ADMIN["username"]
    assert (await browser.post("/plugins", json=MANIFEST, headers=OWN)).status_code == 201


async def test_it_ends_by_logging_out(browser: httpx.AsyncClient) -> None:
    await sign_in(browser)
    shown = {"Cookie": f"__Host-satellite={browser.cookies['__Host-satellite']}"}
    gone = await browser.delete("/auth/session", headers=OWN)

    assert gone.status_code == 204
    assert not browser.cookies
    assert (await browser.get("/users/me", headers=shown)).status_code == 401
    assert (await browser.delete("/auth/session")).status_code == 204


async def test_it_ends_with_the_account(browser: httpx.AsyncClient) -> None:
    await sign_in(browser)
    made = (await browser.post("/users", json=NEW, headers=OWN)).json()
    other = httpx.AsyncClient(transport=browser._transport, base_url=browser.base_url)
    login = {"username": NEW["email"], "password": NEW["password"]}
    assert (await other.post("/auth/session", json=login, headers=OWN)).status_code == 204
    assert (await other.get("/users/me")).status_code == 200
    for active, status in ((False, 401), (True, 401)):
        changed = await browser.patch(f"/users/{made['id']}", json={"is_active": active}, headers=OWN)
        assert changed.status_code == 200
        assert (await other.get("/users/me")).status_code == status


@pytest.mark.parametrize("origin", FOREIGN, ids=str)
async def test_other_pages_change_nothing_by_it(browser: httpx.AsyncClient, origin: dict[str, str]) -> None:
    await sign_in(browser)
    for method, path in (
        ("POST", "/jobs"), ("POST", "/plugins"), ("POST", "/api-keys"), ("POST", "/auth/ws-ticket"),
        ("PATCH", "/users/1"), ("DELETE", "/plugins/adder"), ("PUT", "/users/me/password"),
        ("DELETE", "/auth/session"),
    ):  # fmt: skip
        refused = await browser.request(method, path, json={}, headers=origin)
        assert (refused.status_code, refused.json()["code"]) == (403, "origin_refused"), (method, path)
    assert (await browser.get("/users/me", headers=origin)).status_code == 200
    if origin:
        assert (await browser.post("/auth/session", json=ADMIN, headers=origin)).status_code == 403


async def test_programs_need_no_origin(browser: httpx.AsyncClient) -> None:
    token = (await browser.post("/auth/token", json=ADMIN)).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}", "Origin": "https://evil.example"}

    assert (await browser.post("/plugins", json=MANIFEST, headers=bearer)).status_code == 201


async def test_without_tls_it_has_another_name(settings: OperationSettings) -> None:
    auth = settings.auth.model_copy(update={"cookie_secure": False})
    async with started(create_app(settings.model_copy(update={"auth": auth}))) as client:
        answer = await client.post("/auth/session", json=ADMIN)
        assert answer.headers["set-cookie"].startswith("satellite=")
        assert "secure" not in answer.headers["set-cookie"].lower()
        assert (await client.get("/users/me")).status_code == 200


ANSWERS = [
    ("GET", "/health"), ("GET", "/ready"), ("GET", "/openapi.json"), ("GET", "/nowhere"), ("POST", "/health"),
    ("GET", "/api/v1/jobs"), ("POST", "/api/v1/auth/token"), ("GET", "/metrics"),
]  # fmt: skip
PAGES = [
    "/dashboard",
    "/dashboard/jobs",
    "/dashboard/users",
    "/dashboard/login",
    "/docs",
    "/dashboard/dom.js",
]


@pytest.mark.parametrize(("method", "path"), ANSWERS)
async def test_every_answer_has_the_headers(browser: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await browser.request(method, f"https://satellite.example{path}")

    assert HEADERS.items() <= {name: answer.headers.get(name) for name in HEADERS}.items()
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert answer.headers["x-request-id"]
    assert "server" not in answer.headers


@pytest.mark.parametrize("path", PAGES)
async def test_pages_run_and_load_nothing_of_elsewhere(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(f"https://satellite.example{path}")

    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == PAGE_HEADERS["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert "https://" not in answer.text


async def test_no_page_of_elsewhere_may_read(browser: httpx.AsyncClient) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for answer in (await browser.options("/jobs", headers=asked), await browser.get("/jobs", headers=asked)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_a_body_that_is_refused_by_the_server_itself_has_them_too(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/jobs", content=b"x" * 1_100_000)

    assert answer.status_code == 413
    assert answer.headers["x-content-type-options"] == "nosniff"
