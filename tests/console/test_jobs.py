"""The pages of jobs: the list, a job, a new job."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.console.conftest import picture, serious_faults, sign_in
from tests.console.reading import reading
from tests.integration.live.conftest import Storyteller, submit

ROWS = 60
"""More than a page of the list."""


async def test_a_job_is_submitted_watched_and_read(
    page: Page, api_url: str, admin: httpx.Client, story: Storyteller
) -> None:
    await page.get_by_role("link", name="Jobs", exact=True).click()
    await expect(page.get_by_text("No jobs yet")).to_be_visible()
    await picture(page, "jobs-empty")
    await page.keyboard.press("n")
    number = page.get_by_label("n", exact=False).and_(page.locator("input[inputmode=decimal]"))
    await expect(number).to_have_value("1")
    await number.fill("one")
    await expect(page.get_by_text("This must be of the type integer.")).to_be_visible()
    await picture(page, "submit")
    assert await serious_faults(page) == []
    # The form keeps nobody from asking the server, which is right where the two differ.
    await page.get_by_role("button", name="Submit", exact=True).click()
    await expect(page.get_by_role("alert").filter(has_text="does not match")).to_be_visible()
    await page.get_by_role("button", name="JSON", exact=True).click()
    await page.get_by_label("Input (JSON)").fill('{"n": 2}')
    await page.get_by_role("button", name="Submit", exact=True).click()

    await expect(page.get_by_text("No worker gives a sign of life.")).to_be_visible()
    job_id = admin.get("/jobs").json()["items"][0]["id"]
    await expect(page).to_have_url(f"{api_url}/dashboard/jobs/{job_id}")
    await picture(page, "job-waiting")
    await story.start(job_id)
    await expect(page.locator("main [data-status=processing]").first).to_be_visible()
    await story.progress(job_id, 0.5)
    await story.log(job_id, ["model loaded", "<b>half</b> done", "\x1b[31mred\x1b[0m alert"])
    await expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "50")
    log = page.get_by_role("log")
    await expect(log).to_contain_text("<b>half</b> done")
    await page.get_by_label("Search the log").fill("red alert")
    await expect(page.get_by_text("1 of 1")).to_be_visible()
    await picture(page, "job-running")
    await story.complete(job_id)
    await expect(page.locator("#job-result")).to_contain_text("sum: 2")
    await expect(page.get_by_role("heading", name="Where the time went")).to_be_visible()
    await picture(page, "job-completed")
    assert await serious_faults(page) == []


async def test_a_log_that_began_before_the_page_was_opened(
    page: Page, api_url: str, admin: httpx.Client, story: Storyteller
) -> None:
    job_id = submit(admin)
    await story.start(job_id)
    await story.log(job_id, ["before"])
    await page.goto(f"{api_url}/dashboard/jobs/{job_id}")
    await expect(page.get_by_role("log")).to_contain_text("before")
    await page.context.set_offline(True)
    await page.evaluate("window.dispatchEvent(new Event('offline'))")
    await story.log(job_id, ["meanwhile"])
    await page.context.set_offline(False)
    await story.log(job_id, ["after"])
    await expect(page.get_by_role("log")).to_contain_text("after")
    lines = [text for text in await page.get_by_role("log").locator("span > span").all_inner_texts() if text]
    assert lines == ["before", "meanwhile", "after"]


async def test_the_list_is_live_filtered_paged_and_cancelled(
    page: Page, api_url: str, admin: httpx.Client, story: Storyteller
) -> None:
    ids = [submit(admin) for _ in range(ROWS)]
    await page.goto(f"{api_url}/dashboard/jobs")
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(50)
    await page.get_by_role("button", name="Show more").click()
    await expect(rows).to_have_count(ROWS)
    await story.start(ids[0])
    await expect(
        page.locator("tr", has=page.get_by_role("link", name=f"#{ids[0]}", exact=True))
    ).to_contain_text("processing")

    await page.get_by_role("button", name="processing", exact=True).click()
    await expect(page).to_have_url(f"{api_url}/dashboard/jobs?status=processing")
    await expect(rows).to_have_count(1)
    await page.reload()
    await expect(rows).to_have_count(1)
    await page.go_back()
    await expect(page.get_by_role("button", name="all", exact=True)).to_have_attribute("aria-pressed", "true")
    await page.get_by_label("Number or plugin").fill("nothing")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("No job matches")).to_be_visible()
    await page.get_by_label("Number or plugin").fill("")
    await expect(rows.first).to_be_visible()

    await page.get_by_label(f"Select job {ids[-1]}", exact=True).check()
    await page.get_by_role("button", name="Cancel jobs").click()
    await picture(page, "jobs-cancel")
    await page.get_by_role("dialog").get_by_role("button", name="Cancel jobs").click()
    await expect(page.get_by_text("1 job is cancelled")).to_be_visible()
    assert admin.get(f"/jobs/{ids[-1]}").json()["status"] == "cancelled"
    await page.get_by_label("Select all that are shown").check()
    await page.get_by_role("button", name="Select all that match").click()
    await page.get_by_role("button", name="Cancel jobs").click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel jobs").click()
    await expect(page.get_by_text(f"{ROWS - 1} jobs are cancelled")).to_be_visible()
    assert admin.get("/jobs", params={"status": "queued"}).json()["total"] == 0
    assert await serious_faults(page) == []


async def test_cancel_retry_and_edit(
    page: Page, api_url: str, admin: httpx.Client, story: Storyteller
) -> None:
    job_id = submit(admin)
    await page.goto(f"{api_url}/dashboard/jobs/{job_id}")
    state = page.locator("main [data-status]").first
    await page.get_by_role("button", name="Cancel job").click()
    await expect(state).to_have_text("cancelled")
    await page.get_by_role("button", name="Run again").click()
    await expect(state).to_have_text("queued")
    await story.start(job_id)
    await story.fail(job_id)
    await expect(page.get_by_text("exit code 1").first).to_be_visible()
    await picture(page, "job-failed")
    await page.get_by_role("link", name="Edit and submit").click()
    await page.get_by_role("button", name="JSON", exact=True).click()
    taken: Any = json.loads(await page.get_by_label("Input (JSON)").input_value())
    assert taken == {"n": 1}


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_how_it_looks(
    *, browser: Browser, api_url: str, admin: httpx.Client, story: Storyteller, locale: str, theme: str
) -> None:
    done, running, waiting = submit(admin), submit(admin), submit(admin)
    await story.start(done)
    await story.complete(done)
    await story.start(running)
    await story.progress(running, 0.4)
    async with reading(
        browser, locale=locale, color_scheme=theme, viewport={"width": 1440, "height": 900}
    ) as context:
        page = await context.new_page()
        await sign_in(page, api_url, locale=locale)
        pages = {
            "overview": "overview",
            "jobs": "jobs",
            "job": f"jobs/{done}",
            "waiting": f"jobs/{waiting}",
            "submit": "submit",
        }
        for name, path in pages.items():
            await page.set_viewport_size({"width": 1440, "height": 900})
            await page.goto(f"{api_url}/dashboard/{path}")
            await page.locator("main h1").wait_for()
            await page.locator("[aria-busy]").first.wait_for(state="detached")
            await page.locator("[role=status][data-state=live]").wait_for(state="attached")
            await picture(page, f"{name}-{locale}-{theme}")
            assert await serious_faults(page) == [], name
            await page.set_viewport_size({"width": 390, "height": 844})
            await picture(page, f"{name}-{locale}-{theme}-phone")
            assert await page.evaluate("document.documentElement.scrollWidth") <= 390, name
