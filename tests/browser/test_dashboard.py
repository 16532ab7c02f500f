"""The pages of before, which the console has not got yet, in a real browser."""

from __future__ import annotations

import httpx
from playwright.async_api import Page, expect

from tests.integration.live.conftest import Storyteller, submit


async def test_dead_letters_are_replayed(
    page: Page, api_url: str, admin: httpx.Client, story: Storyteller
) -> None:
    broken = submit(admin)
    await story.start(broken)
    await story.fail(broken)
    await page.goto(f"{api_url}/dashboard/dead-letters")
    await expect(page.get_by_text("exit code 1").first).to_be_visible()
    await page.get_by_role("button", name="Replay it").click()
    await expect(page.get_by_text("No dead letters")).to_be_visible()
    assert admin.get(f"/jobs/{broken}").json()["status"] == "queued"


async def test_plugins_and_workers(page: Page, api_url: str, admin: httpx.Client) -> None:
    await page.goto(f"{api_url}/dashboard/plugins")
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("paused")).to_be_visible()
    assert admin.get("/plugins/adder").json()["control"]["is_paused"] is True
    await page.get_by_role("link", name="Workers").click()
    await expect(page.get_by_text("No worker is alive")).to_be_visible()
    await page.get_by_role("link", name="Jobs", exact=True).click()
    await expect(page.get_by_text("No jobs yet")).to_be_visible()


async def test_the_description_of_the_api(page: Page, api_url: str) -> None:
    await page.goto(f"{api_url}/docs")
    await expect(page.get_by_text("/api/v1/jobs/{job_id}/cancel")).to_be_visible()
