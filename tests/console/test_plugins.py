"""The pages of plugins: the list, a plugin, and its registration."""

from __future__ import annotations

import json
from typing import Any

import httpx
from playwright.async_api import Page, expect

from tests.console.conftest import picture, serious_faults
from tests.fixtures.api import open_account
from tests.integration.live.conftest import Storyteller, submit
from tests.integration.operation_server_api.conftest import MANIFEST

ADA = {"username": "ada@example.com", "password": "analytical engine"}


def tell_what_a_test_found(admin: httpx.Client) -> None:
    """Keep a report of `adder`, as `satellite plugin register` sends it."""
    plugin = admin.get("/plugins/adder").json()
    finding = {"message": "exit: the plugin ended with code 3", "input": {"n": -1}, "log": "Traceback"}
    checks = [{"check": "start"}, {"check": "examples", "runs": 3, "slowest_s": 0.2, "findings": [finding]}]
    report = {key: plugin[key] for key in ("version", "manifest_digest")} | {
        "plugin": "adder",
        "runtime": "process",
        "tested_at": "2026-01-02T03:00:00Z",
        "checks": checks,
    }
    admin.put("/plugins/adder/versions/1.0.0/report", json=report).raise_for_status()


async def register(page: Page, manifest: dict[str, Any]) -> None:
    """Type a manifest in the place of what is there, and register it."""
    await page.get_by_role("textbox", name="Manifest").focus()
    await page.keyboard.press("Control+a")
    await page.keyboard.insert_text(json.dumps(manifest, indent=2))
    await page.get_by_role("button", name="Register", exact=True).click()


async def test_plugins_are_found_controlled_and_tried(
    page: Page, api_url: str, admin: httpx.Client, story: Storyteller
) -> None:
    open_account(admin, ADA)
    for ends in (story.complete, story.complete, story.complete, story.fail):
        await story.start(job_id := submit(admin))
        await ends(job_id)
    tell_what_a_test_found(admin)
    await page.goto(f"{api_url}/dashboard/plugins?search=nothing")
    await expect(page.get_by_text("No plugin matches")).to_be_visible()
    await page.get_by_label("Part of a name").fill("add")
    await expect(page).to_have_url(f"{api_url}/dashboard/plugins?search=add")
    await expect(page.get_by_role("row", name="adder")).to_contain_text("1 finding")
    await picture(page, "plugins")
    assert await serious_faults(page) == []
    await page.get_by_role("link", name="adder", exact=True).click()

    figures = page.get_by_role("region", name="How its jobs have gone")
    await expect(figures).to_contain_text("75%")
    await expect(figures).to_contain_text("of the newest 4 that ended")
    await page.get_by_role("button", name="Pause").click()
    await expect(page.locator("main .tag", has_text="paused")).to_be_visible()
    assert admin.get("/plugins/adder").json()["control"]["is_paused"] is True
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    await page.get_by_role("button", name="Limit").click()
    await page.get_by_role("dialog").get_by_role("textbox").fill("4")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("at most 4 at once")).to_be_visible()
    await picture(page, "plugin")
    assert await serious_faults(page) == []

    await page.get_by_role("button", name="Test report").click()
    await expect(page.get_by_text("the plugin ended with code 3")).to_be_visible()
    await picture(page, "plugin-report")
    await page.get_by_role("button", name="Schemas").click()
    await page.reload()
    await expect(page.get_by_role("group", name="Input")).to_contain_text("required")
    await page.get_by_role("button", name="Hand over").click()
    await page.get_by_role("dialog").get_by_role("textbox").fill("2")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("adder belongs to account 2 now.")).to_be_visible()
    assert admin.get("/plugins/adder").json()["owner_id"] == 2
    await page.get_by_role("link", name="Try it").click()
    await expect(page).to_have_url(f"{api_url}/dashboard/submit?plugin=adder")


async def test_a_version_is_registered_and_deleted(page: Page, api_url: str, admin: httpx.Client) -> None:
    await page.goto(f"{api_url}/dashboard/plugins/adder")
    await page.get_by_role("link", name="New version").click()
    await expect(page.get_by_role("textbox", name="Manifest")).to_contain_text("satellite/adder:1.0.0")
    await register(page, MANIFEST | {"version": "1.1.0", "resources": {"cpus": -1}, "colour": "red"})
    refusal = page.get_by_role("alert").filter(has_text="It cannot be registered")
    await expect(refusal).to_contain_text("/resources/cpus")
    await expect(refusal).to_contain_text("/colour is not a key of a plugin manifest")
    await picture(page, "plugin-refused")
    assert await serious_faults(page) == []
    await register(page, MANIFEST | {"version": "1.1.0", "resources": {"cpus": 2}})
    await expect(page.get_by_text("adder 1.1.0 is registered.")).to_be_visible()
    await expect(page).to_have_url(f"{api_url}/dashboard/plugins/adder?version=1.1.0")
    await expect(page.get_by_label("Version", exact=True)).to_have_value("1.1.0")
    await page.get_by_role("button", name="Versions").click()
    await picture(page, "plugin-versions")
    await page.get_by_role("button", name="Delete version 1.0.0").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("adder 1.0.0 is deleted.")).to_be_visible()
    assert [each["version"] for each in admin.get("/plugins/adder/versions").json()["items"]] == ["1.1.0"]
