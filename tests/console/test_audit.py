"""The page of the audit trail."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
from playwright.async_api import Browser, Page, expect

from tests.console.conftest import picture, serious_faults
from tests.console.walk import walk
from tests.integration.live.conftest import submit

ROWS = 60
"""More than a page of the trail."""


async def test_the_trail_is_filtered_paged_looked_into_and_exported(
    page: Page, api_url: str, admin: httpx.Client, tmp_path: Path
) -> None:
    job_id = submit(admin)
    for _ in range(ROWS):
        admin.post(f"/jobs/{job_id}/cancel").raise_for_status()
        admin.post(f"/jobs/{job_id}/retry").raise_for_status()
    await page.get_by_role("link", name="Audit", exact=True).click()
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(50)
    await page.get_by_role("combobox", name="Action").select_option("job.cancel")
    await expect(page).to_have_url(f"{api_url}/dashboard/audit?action=job.cancel")
    await expect(rows.first).to_contain_text("cancels a job")
    await expect(page.get_by_text(f"50 of {ROWS}")).to_be_visible()
    await page.get_by_role("button", name="Show more").click()
    await expect(rows).to_have_count(ROWS)
    assert admin.get("/audit", params={"action": "job.cancel"}).json()["total"] == ROWS

    await rows.first.get_by_role("cell").last.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("admin@example.com")
    await expect(dialog.get_by_role("link", name=str(job_id), exact=True)).to_be_visible()
    await picture(page, "audit-entry")
    assert await serious_faults(page) == []
    await dialog.get_by_role("button", name="Close").click()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Export").click()
    await (await download.value).save_as(tmp_path / "audit.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert {line["action"] for line in lines} == {"job.cancel"}
    assert len(lines) == ROWS

    await page.get_by_label("Not before").fill("2099-01-01T00:00")
    await page.get_by_role("button", name="Filter").click()
    await expect(page.get_by_text("No entry matches")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Not before")).to_have_value("2099-01-01T00:00")
    await page.get_by_role("link", name="Clear").click()
    await expect(rows).to_have_count(50)
    await page.get_by_label("Who").fill("nobody@example.com")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("No entry matches")).to_be_visible()
    await page.go_back()
    await expect(rows).to_have_count(50)


async def test_how_the_trail_looks(browser: Browser, api_url: str, admin: httpx.Client, locale: str) -> None:
    admin.post("/users", json={"email": "ada@example.com", "password": "analytical engine"})
    httpx.get(f"{api_url}/api/v1/users")
    await walk(browser, api_url, {"audit": "audit"}, locale=locale)
