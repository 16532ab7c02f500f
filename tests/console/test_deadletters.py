"""The page of dead letters: what failed for good, by plugin and cause, and how it runs again."""

from __future__ import annotations

import httpx
from playwright.async_api import Page, expect

from tests.console.conftest import picture, serious_faults
from tests.integration.live.conftest import Storyteller, submit
from tests.integration.operation_server_api.conftest import MANIFEST


async def fail_some(admin: httpx.Client, story: Storyteller, count: int) -> list[int]:
    """Return jobs that failed for the same reason."""
    ids = [submit(admin) for _ in range(count)]
    for job_id in ids:
        await story.start(job_id)
        await story.fail(job_id)
    return ids


async def test_equal_failures_stand_together_and_run_again(
    page: Page, api_url: str, admin: httpx.Client, story: Storyteller
) -> None:
    await page.goto(f"{api_url}/dashboard/dead-letters")
    await expect(page.get_by_text("No dead letters")).to_be_visible()
    await picture(page, "dead-letters-empty")
    first, second, third = await fail_some(admin, story, 3)
    groups = page.get_by_role("region", name="By plugin and cause").get_by_role("listitem")
    await expect(groups).to_have_count(1)
    await expect(groups).to_contain_text("3 jobs")
    await expect(groups).to_contain_text("exit code 1")
    await picture(page, "dead-letters")
    assert await serious_faults(page) == []

    await page.get_by_role("button", name=f"Replay job {second}").click()
    await expect(page.get_by_text(f"Job {second} runs again.")).to_be_visible()
    await expect(groups).to_contain_text("2 jobs")
    assert admin.get(f"/jobs/{second}").json()["status"] == "queued"

    await page.get_by_role("combobox", name="Cause").select_option("output")
    await expect(page).to_have_url(f"{api_url}/dashboard/dead-letters?kind=output")
    await expect(groups).to_have_count(1)
    await page.get_by_role("combobox", name="Cause").select_option("timeout")
    await expect(page.get_by_text("No dead letter matches")).to_be_visible()
    await page.reload()
    await page.get_by_role("button", name="Show all").click()
    await page.get_by_role("button", name="Only these").click()
    await expect(page.get_by_role("button", name="All jobs")).to_have_attribute("aria-pressed", "true")
    await groups.get_by_role("button", name="Replay all 2").click()
    await picture(page, "dead-letters-replay")
    await page.get_by_role("dialog").get_by_role("button", name="Replay").click()
    await expect(page.get_by_text("2 jobs run again.")).to_be_visible()
    await page.get_by_role("button", name="Show all").click()
    await expect(page.get_by_text("No dead letters")).to_be_visible()
    assert {admin.get(f"/jobs/{job_id}").json()["status"] for job_id in (first, third)} == {"queued"}

    [job_id] = await fail_some(admin, story, 1)
    schema = {"type": "object", "properties": {"n": {"type": "string"}}}
    admin.post("/plugins", json=MANIFEST | {"version": "9.0.0", "input_schema": schema}).raise_for_status()
    await page.get_by_role("button", name="Replay it").click()
    await page.get_by_label("Version of the plugin").select_option("9.0.0")
    await page.get_by_role("dialog").get_by_role("button", name="Replay").click()
    rest = page.get_by_role("dialog", name="Some stay dead letters")
    await expect(rest).to_contain_text(f"#{job_id}")
    await expect(rest).to_contain_text("/n")
    await picture(page, "dead-letters-unfit")
    assert admin.get(f"/jobs/{job_id}").json()["status"] == "failed"
