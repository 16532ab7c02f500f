"""The platform at a glance."""

from __future__ import annotations

import httpx
from playwright.async_api import Page, expect

from tests.console.conftest import picture, serious_faults
from tests.integration.live.conftest import Storyteller, submit


async def test_the_overview_tells_how_the_day_went(
    page: Page, api_url: str, admin: httpx.Client, story: Storyteller
) -> None:
    done, failed, _waiting = submit(admin), submit(admin), submit(admin)
    for job_id in (done, failed):
        await story.start(job_id)
    await story.complete(done)
    await story.fail(failed)
    await page.goto(f"{api_url}/dashboard/overview")
    throughput = page.get_by_role("img", name="Jobs that ended")
    await expect(throughput).to_have_accessible_name(
        "Jobs that ended, every 30 minutes. Now: completed 1, failed 1, cancelled 0"
    )
    assert await throughput.locator("rect[data-tone=bad]").count() == 1
    await expect(page.get_by_role("img", name="From submission to result")).to_be_visible()
    figures = page.get_by_role("region", name="Figures")
    await expect(figures).to_contain_text("the oldest:")
    await expect(page.get_by_text("The output was not valid")).to_be_visible()
    await picture(page, "overview-day")
    assert await serious_faults(page) == []
    await page.get_by_role("link", name="All failed jobs").click()
    await expect(page).to_have_url(f"{api_url}/dashboard/jobs?status=failed")
    await expect(page.locator("tbody tr")).to_have_count(1)
