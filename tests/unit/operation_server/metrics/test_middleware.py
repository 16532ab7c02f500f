"""Requests are counted by the template of their route."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client import REGISTRY

from operation_server.metrics.middleware import MetricsMiddleware, full_template
from operation_server.metrics.pending import hand_on


@pytest.mark.parametrize(
    ("path", "route", "template"),
    [
        ("/api/v1/jobs/7/cancel", "/jobs/{job_id}/cancel", "/api/v1/jobs/{job_id}/cancel"),
        ("/api/v1/jobs/7", "/api/v1/jobs/{job_id}", "/api/v1/jobs/{job_id}"),
        ("/health", "/health", "/health"),
        ("/", "/", "/"),
        ("/api/v1/jobs/", "/jobs", "/api/v1/jobs"),
    ],
)
def test_the_template_has_the_prefixes_of_the_path(path: str, route: str, template: str) -> None:
    assert full_template(path, route) == template


def counted(route: str, status: int, method: str = "GET") -> float:
    hand_on()
    labels = {"method": method, "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("satellite_http_request_seconds_count", labels) or 0


@pytest.fixture
async def client() -> Any:
    router = APIRouter()

    @router.get("/things/{name}")
    async def read(name: str) -> str:
        if name == "broken":
            raise RuntimeError(name)
        return name

    app = FastAPI()
    app.include_router(router, prefix="/counted/v1")
    app.add_middleware(MetricsMiddleware)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://satellite") as client:
        yield client


async def test_many_paths_are_one_route(client: httpx.AsyncClient) -> None:
    for name in ("a", "b", "c"):
        await client.get(f"/counted/v1/things/{name}")

    assert counted("/counted/v1/things/{name}", 200) == 3


async def test_paths_that_nothing_serves_are_counted_together(client: httpx.AsyncClient) -> None:
    before = counted("(none)", 404)
    for number in range(5):
        await client.get(f"/nothing/{number}")

    assert counted("(none)", 404) == before + 5


async def test_made_up_methods_are_counted_together(client: httpx.AsyncClient) -> None:
    for method in ("BREW", "STEEP"):
        await client.request(method, "/counted/v1/things/a")

    assert counted("/counted/v1/things/{name}", 405, "(other)") == 2


async def test_an_unforeseen_error_is_a_500(client: httpx.AsyncClient) -> None:
    answer = await client.get("/counted/v1/things/broken")

    assert answer.status_code == 500
    assert counted("/counted/v1/things/{name}", 500) == 1
