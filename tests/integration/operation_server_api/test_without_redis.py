"""Redis away: jobs are accepted all the same, and everybody is told why they wait."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from operation_server.main import create_app
from operation_server.settings import OperationSettings
from satellite.local.ports import find_free_port
from satellite.settings.broker import BrokerSettings
from tests.integration.operation_server_api.conftest import ADMIN, MANIFEST, log_in, started


@pytest.fixture
async def lonely(settings: OperationSettings) -> AsyncIterator[httpx.AsyncClient]:
    """The admin of an API that has no Redis."""
    nowhere = BrokerSettings(redis_url=f"redis://127.0.0.1:{find_free_port()}/0")
    async with started(create_app(settings.model_copy(update={"broker": nowhere}))) as stranger:
        yield await log_in(stranger, ADMIN)


async def test_jobs_are_accepted_cancelled_and_explained(lonely: httpx.AsyncClient) -> None:
    await lonely.post("/plugins", json=MANIFEST)
    body = {"plugin_name": "adder", "input_data": {"n": 1}}

    job = await lonely.post("/jobs", json=body)
    explanation = (await lonely.get(f"/jobs/{job.json()['id']}/explain")).json()
    cancelled = await lonely.post(f"/jobs/{job.json()['id']}/cancel")

    assert (job.status_code, cancelled.status_code) == (202, 202)
    assert explanation["reason"] == "broker_down"
    assert cancelled.json()["status"] == "cancelled"


async def test_workers_are_503_and_the_process_stays_ready(lonely: httpx.AsyncClient) -> None:
    workers = await lonely.get("/workers")
    ready = await lonely.get("http://satellite/ready")

    assert (workers.status_code, workers.headers["retry-after"]) == (503, "2")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "database": "ok", "redis": "cannot be reached", "disk": "ok"}
