"""The page of workers: what lives, what it runs, and what it has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect
from redis import Redis

from satellite.contracts import redis_keys
from satellite.contracts.worker import WorkerHeartbeat
from tests.console.conftest import picture, serious_faults

CARD = {"uuid": "GPU-5f1d02c9", "name": "NVIDIA A100", "memory_mib": 40_960}
MODEL = {
    "name": "onnx-model", "version": "1.2.0", "model": "wine@3", "busy": True, "memory_mib": 4096,
    "gpu_memory_mib": 12_288, "gpu_ids": ["GPU-5f1d02c9"],
}  # fmt: skip
LIVES_S = 300


def tell(redis_url: str, name: str, **fields: Any) -> None:
    """Give a sign of life of a worker, which holds for the whole test."""
    now = datetime.now(UTC)
    beat = WorkerHeartbeat.model_validate(
        {"name": name, "host": "rack-1", "pid": 4711, "version": "1.0.0", "runtime": "container", "slots": 8,
         "queues": ["satellite.execute"], "started_at": now, "seen_at": now} | fields
    )  # fmt: skip
    with Redis.from_url(redis_url) as redis:
        redis.sadd(redis_keys.WORKERS, name)
        redis.set(redis_keys.worker(name), beat.model_dump_json(), ex=LIVES_S)


def tell_of_three(redis_url: str) -> None:
    """One with a card and a model on it, one that leaves, and one that hears nothing."""
    room = {"total": {"cpus": 32, "memory_mib": 131_072}, "free": {"cpus": 30, "memory_mib": 126_976}}
    spare = {"name": "resizer", "version": "1.4.0", "count": 2, "memory_mib": 256}
    busy = {"slots_taken": 2, "running": [(42, 1), (43, 2)], "cards": [CARD], "loaded": [MODEL]}
    tell(redis_url, "gpu-1", **room, **busy, spares=[spare], labels={"zone": "a"}, serves=["default", "gpu"])
    tell(redis_url, "cpu-1", draining=True, weaknesses=["Docker 28.0.1 has known faults."])
    tell(redis_url, "cpu-2", consumer_ok=False)


@pytest.fixture(autouse=True)
def flower(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the API is told that Flower is; before it starts."""
    monkeypatch.setenv("SATELLITE_API_FLOWER_URL", "/flower/")


async def test_workers_are_seen_with_their_jobs_and_cards(
    page: Page, api_url: str, admin: httpx.Client, redis_url: str
) -> None:
    await page.goto(f"{api_url}/dashboard/workers")
    await expect(page.get_by_text("No worker is alive")).to_be_visible()
    await expect(page.get_by_role("link", name="Flower")).to_have_attribute("href", "/flower/")
    tell_of_three(redis_url)
    gpu = page.get_by_role("article", name="gpu-1")
    await expect(gpu).to_contain_text("2 of 8 slots busy")
    await expect(gpu.get_by_role("list", name="Graphics cards")).to_contain_text(
        "NVIDIA A100 GPU-5f1d02c912 GiB kept by models of 40 GiB"
    )
    await expect(gpu.get_by_role("list", name="Kept ready")).to_contain_text("wine@3")
    await expect(gpu).to_contain_text("30 of 32 CPUs, 124 GiB of 128 GiB")
    await expect(page.get_by_role("article", name="cpu-1")).to_contain_text("draining")
    await expect(page.get_by_role("article", name="cpu-2")).to_contain_text("deaf")
    await picture(page, "workers")
    assert await serious_faults(page) == []

    problem = {"code": "broker_unavailable", "detail": "Redis does not answer."}
    await page.route("**/api/v1/workers", lambda route: route.fulfill(status=503, json=problem))
    await expect(page.get_by_role("alert")).to_have_text("This is how they were last. Redis does not answer.")
    tell(redis_url, "cpu-2")
    await page.unroute("**/api/v1/workers")
    await expect(page.get_by_role("article", name="cpu-2")).to_contain_text("ready")
    await expect(page.get_by_role("alert")).to_be_hidden()
    await page.get_by_label("Name, host, label or #job").fill("zone=a")
    await expect(page.get_by_role("article")).to_have_count(1)
    await page.reload()
    await expect(page.get_by_role("article")).to_have_count(1)
    await gpu.get_by_role("link", name="#42").click()
    await expect(page).to_have_url(f"{api_url}/dashboard/jobs/42")
    await expect(page.get_by_text("There is no such thing")).to_be_visible()


async def test_a_worker_is_drained_after_asking_and_resumed_while_it_is_away(
    page: Page, api_url: str, admin: httpx.Client, redis_url: str
) -> None:
    tell(redis_url, "gpu-1")
    await page.goto(f"{api_url}/dashboard/workers")
    gpu = page.get_by_role("article", name="gpu-1")
    await gpu.get_by_role("button", name="Drain").click()
    dialog = page.get_by_role("dialog", name="Drain gpu-1?")
    await dialog.get_by_role("button", name="Close").click()
    assert admin.get("/workers").json()["drained"] == []
    await gpu.get_by_role("button", name="Drain").click()
    await dialog.get_by_role("button", name="Drain").click()
    await expect(page.get_by_text("gpu-1 takes no further jobs.")).to_be_visible()
    await expect(gpu).to_contain_text("An admin has drained it")
    assert admin.get("/workers").json()["drained"] == ["gpu-1"]
    assert await serious_faults(page) == []
    await page.get_by_role("link", name="Overview", exact=True).click()
    needs = page.get_by_role("region", name="Needs attention")
    await expect(needs).to_contain_text("All workers are drained.")
    await page.go_back()

    with Redis.from_url(redis_url) as redis:
        redis.delete(redis_keys.worker("gpu-1"))
    away = page.get_by_role("region", name="Drained and away")
    await expect(away).to_contain_text("gpu-1")
    await picture(page, "workers-drained")
    assert await serious_faults(page) == []
    await away.get_by_role("button", name="Resume").click()
    await expect(page.get_by_text("gpu-1 takes jobs again.")).to_be_visible()
    await expect(away).to_be_hidden()
    assert admin.get("/workers").json()["drained"] == []
