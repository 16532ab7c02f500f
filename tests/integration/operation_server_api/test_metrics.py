"""What Prometheus sees."""

from __future__ import annotations

import httpx
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.main import create_app
from operation_server.settings import OperationSettings
from satellite.settings.broker import BrokerSettings
from tests.integration.operation_server_api.conftest import ADMIN, log_in, started
from tests.integration.transitions.seed import dispatch, submit_one

METRICS = "http://satellite/metrics"


async def scrape(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """Return the value of each series; the parser refuses text that Prometheus would."""
    answer = await client.get(METRICS)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_it_shows_requests_by_route_and_the_jobs_that_wait(
    admin: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    first = await submit_one(engine)
    await dispatch(engine)
    await submit_one(engine)
    await admin.get(f"/jobs/{first}")
    seen = await scrape(admin)

    assert seen["satellite_part_up", "database"] == seen["satellite_part_up", "redis"] == 1
    assert seen["satellite_jobs", "queued"] == 2
    assert seen["satellite_dispatched_jobs",] == seen["satellite_queue_jobs",] == 1
    assert 0 <= seen["satellite_queue_oldest_seconds",] < 60
    assert seen["satellite_workers", "up"] == seen["satellite_slots",] == 0
    assert seen["satellite_broker_messages", "satellite.execute"] == 0
    assert seen["satellite_http_request_seconds_count", "GET", "/api/v1/jobs/{job_id}", "200"] >= 1


async def test_who_may_scrape(
    settings: OperationSettings, stranger: httpx.AsyncClient, user: httpx.AsyncClient
) -> None:
    assert (await stranger.get(METRICS)).status_code == 401
    assert (await user.get(METRICS)).status_code == 403
    token = "a token of Prometheus"
    metrics = settings.metrics.model_copy(update={"token": SecretStr(token)})
    async with started(create_app(settings.model_copy(update={"metrics": metrics}))) as client:
        for shown, status in ((token, 200), (token + "x", 401), ("", 401)):
            answer = await client.get(METRICS, headers={"Authorization": f"Bearer {shown}"})
            assert answer.status_code == status
        # It opens nothing else.
        bearer = {"Authorization": f"Bearer {token}"}
        assert (await client.get("/users/me", headers=bearer)).status_code == 401


async def test_scrapes_that_follow_each_other_cost_one_look(
    admin: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    before = (await scrape(admin))["satellite_queue_jobs",]
    await submit_one(engine)

    assert (await scrape(admin))["satellite_queue_jobs",] == before


async def test_without_redis_only_what_redis_knows_is_missing(settings: OperationSettings) -> None:
    app: FastAPI = create_app(
        settings.model_copy(update={"broker": BrokerSettings(redis_url="redis://127.0.0.1:1/0")})
    )
    async with started(app) as client:
        seen = await scrape(await log_in(client, ADMIN))

    assert (seen["satellite_part_up", "database"], seen["satellite_part_up", "redis"]) == (1, 0)
    assert ("satellite_queue_jobs",) in seen
    assert ("satellite_slots",) not in seen
