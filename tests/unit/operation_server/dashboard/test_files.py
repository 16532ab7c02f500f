"""The files of the dashboard."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from operation_server.dashboard import pages
from operation_server.dashboard.pages import ASSET_HEADERS, HEADERS, STATIC, DashboardFiles, router

HOST = "http://test"
PAGE = "<!doctype html><title>built</title>"


@pytest.fixture
def dashboard() -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(router)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST)


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A console that was built."""
    assets = tmp_path / "assets"
    assets.mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (assets / "index-abc.js").write_text("export {}")
    monkeypatch.setattr(pages, "CONSOLE", tmp_path)
    monkeypatch.setattr(pages, "ASSETS", DashboardFiles(assets, ASSET_HEADERS))
    return tmp_path


def has(answer: httpx.Response, headers: dict[str, str]) -> bool:
    return headers.items() <= {name: answer.headers.get(name) for name in headers}.items()


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("docs.js", "text/javascript"), ("docs.css", "text/css"), ("icon.svg", "image/svg+xml")],
)
async def test_a_file_is_served_once(dashboard: httpx.AsyncClient, name: str, media_type: str) -> None:
    first = await dashboard.get(f"/dashboard/{name}")
    again = await dashboard.get(f"/dashboard/{name}", headers={"If-None-Match": first.headers["etag"]})

    assert first.content == (STATIC / name).read_bytes()
    assert first.headers["content-type"].split(";")[0] == media_type
    assert (again.status_code, again.content) == (304, b"")
    assert has(first, HEADERS)
    assert has(again, HEADERS)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/login",
        "/overview",
        "/jobs",
        "/jobs/42",
        "/workflows/7/runs/9",
        "/plugins/my.plugin/1.0",
        "/users",
        "/dead-letters",
    ],
)
async def test_each_address_is_the_console(dashboard: httpx.AsyncClient, console: Path, path: str) -> None:
    answer = await dashboard.get(f"/dashboard{path}")

    assert answer.text == PAGE
    assert answer.headers["content-type"].startswith("text/html")
    assert has(answer, HEADERS)


async def test_what_has_a_digest_in_its_name_is_kept(dashboard: httpx.AsyncClient, console: Path) -> None:
    answer = await dashboard.get("/dashboard/assets/index-abc.js")

    assert has(answer, ASSET_HEADERS)
    assert (await dashboard.get("/dashboard/assets/index-old.js")).status_code == 404


async def test_what_is_compressed_is_sent_so_to_who_takes_it(
    dashboard: httpx.AsyncClient, console: Path
) -> None:
    (console / "assets/index-abc.js.gz").write_bytes(gzip.compress(b"export {}"))
    answer = await dashboard.get("/dashboard/assets/index-abc.js")
    plain = await dashboard.get("/dashboard/assets/index-abc.js", headers={"Accept-Encoding": "identity"})

    assert (answer.text, answer.headers["content-encoding"]) == ("export {}", "gzip")
    assert answer.headers["content-type"] == "text/javascript"
    assert has(answer, ASSET_HEADERS)
    assert (plain.text, plain.headers.get("content-encoding")) == ("export {}", None)


async def test_without_a_build_it_says_how_to_make_one(
    dashboard: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "CONSOLE", tmp_path)
    answer = await dashboard.get("/dashboard/jobs")

    assert answer.status_code == 503
    assert "make console" in answer.text
    assert has(answer, HEADERS)


@pytest.mark.parametrize(
    "name", ["nothing.js", "..", "%2e%2e%2fpages.py", "%00.js", "assets/%2e%2e%2findex.html"]
)
async def test_nothing_else_is_served(dashboard: httpx.AsyncClient, console: Path, name: str) -> None:
    answer = await dashboard.get(f"/dashboard/{name}")

    assert answer.status_code in {307, 404} or answer.text == PAGE
    assert "Final" not in answer.text
