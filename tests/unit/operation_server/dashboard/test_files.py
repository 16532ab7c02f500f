"""The files of the dashboard."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from operation_server.dashboard.pages import HEADERS, STATIC, router

HOST = "http://test"


@pytest.fixture
def dashboard() -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(router)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("dashboard.js", "text/javascript"), ("dashboard.css", "text/css"), ("icon.svg", "image/svg+xml")],
)
async def test_a_file_is_served_once(dashboard: httpx.AsyncClient, name: str, media_type: str) -> None:
    first = await dashboard.get(f"/dashboard/{name}")
    again = await dashboard.get(f"/dashboard/{name}", headers={"If-None-Match": first.headers["etag"]})

    assert first.content == (STATIC / name).read_bytes()
    assert first.headers["content-type"].split(";")[0] == media_type
    assert (again.status_code, again.content) == (304, b"")
    for answer in (first, again):
        assert HEADERS.items() <= {name: answer.headers.get(name) for name in HEADERS}.items()


@pytest.mark.parametrize(
    "path", ["", *(f"/{view}" for view in ("login", "overview", "jobs", "users", "plugins")), "/jobs/42"]
)
async def test_each_view_is_the_page(dashboard: httpx.AsyncClient, path: str) -> None:
    answer = await dashboard.get(f"/dashboard{path}")

    assert answer.content == (STATIC / "dashboard.html").read_bytes()
    assert answer.headers["content-type"].startswith("text/html")
    assert HEADERS.items() <= {name: answer.headers.get(name) for name in HEADERS}.items()


@pytest.mark.parametrize("name", ["nothing", "nothing.js", "..", "%2e%2e%2fpages.py", "%00"])
async def test_nothing_else_is_served(dashboard: httpx.AsyncClient, name: str) -> None:
    assert (await dashboard.get(f"/dashboard/{name}")).status_code in {404, 307}
