"""The pages of before, which the console has not got yet, in a real browser."""

from __future__ import annotations

import httpx
from playwright.async_api import Page, expect


async def test_admins_deactivate_and_activate_users(page: Page, api_url: str, admin: httpx.Client) -> None:
    account = {"email": "ada@example.com", "password": "analytical engine", "full_name": "Ada Lovelace"}
    admin.post("/users", json=account).raise_for_status()
    await page.goto(f"{api_url}/dashboard/users")
    row = page.get_by_role("row", name="ada@example.com")
    await expect(row).to_contain_text("Ada Lovelace")
    await row.get_by_role("button", name="Deactivate").click()
    await expect(row).to_contain_text("deactivated")
    assert [user["is_active"] for user in admin.get("/users").json()["items"]] == [True, False]
    await row.get_by_role("button", name="Activate").click()
    await expect(row.get_by_text("active", exact=True)).to_be_visible()


async def test_the_description_of_the_api(page: Page, api_url: str) -> None:
    await page.goto(f"{api_url}/docs")
    await expect(page.get_by_text("/api/v1/jobs/{job_id}/cancel")).to_be_visible()
