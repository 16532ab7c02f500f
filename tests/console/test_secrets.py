"""The page of secrets, on which no value ever stands."""

from __future__ import annotations

import httpx
from playwright.async_api import Browser, Page, expect

from tests.console.conftest import picture, serious_faults
from tests.console.walk import walk

VALUE = "the token of a model"


async def test_a_secret_is_stored_granted_replaced_and_deleted(
    page: Page, api_url: str, admin: httpx.Client
) -> None:
    await page.get_by_role("link", name="Secrets", exact=True).click()
    await expect(page.get_by_text("No secrets yet")).to_be_visible()
    await page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("MODEL_TOKEN")
    await dialog.get_by_label("Value").fill("short")
    await dialog.get_by_role("button", name="Store").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("fewer than 8 characters")
    await dialog.get_by_label("Value").fill(VALUE)
    await picture(page, "secrets-new")
    assert await serious_faults(page) == []
    await dialog.get_by_role("button", name="Store").click()
    row = page.get_by_role("row", name="MODEL_TOKEN")
    await expect(row).to_contain_text("none: no job is given it")
    assert VALUE not in await page.content()

    await row.get_by_role("button", name="Plugins").click()
    await dialog.get_by_role("combobox", name="Plugins").fill("adder")
    await expect(dialog.get_by_role("button", name="Take adder away")).to_be_visible()
    await dialog.get_by_role("button", name="Save").click()
    await expect(row).to_contain_text("adder")
    assert admin.get("/secrets").json()["items"][0]["plugins"] == ["adder"]

    await row.get_by_role("button", name="Replace value").click()
    await dialog.get_by_label("Value").fill("another token of it")
    await dialog.get_by_role("button", name="Replace value").click()
    await expect(page.get_by_text("MODEL_TOKEN has a new value.")).to_be_visible()
    assert admin.get("/secrets").json()["items"][0]["version"] == 2

    await row.get_by_role("button", name="Delete").click()
    await dialog.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No secrets yet")).to_be_visible()
    assert admin.get("/secrets").json()["total"] == 0


async def test_how_secrets_look(browser: Browser, api_url: str, admin: httpx.Client, locale: str) -> None:
    admin.post("/secrets", json={"name": "MODEL_TOKEN", "value": VALUE, "plugins": ["adder"]})
    admin.post("/secrets", json={"name": "PROXY", "value": VALUE, "for_all": True})
    await walk(browser, api_url, {"secrets": "secrets"}, locale=locale)
