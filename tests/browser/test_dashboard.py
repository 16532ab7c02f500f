"""The dashboard in a real browser."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Page, expect

from tests.browser.conftest import sign_in
from tests.integration.live.conftest import Storyteller, submit

PICTURES = os.environ.get("SATELLITE_TEST_PICTURES")
"""A folder for pictures of the page, to look at."""


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))


async def test_a_job_is_submitted_watched_and_read(
    page: Page, admin: httpx.Client, story: Storyteller
) -> None:
    await expect(page.get_by_text("No jobs yet")).to_be_visible()
    await picture(page, "empty")
    await page.keyboard.press("n")
    example: Any = json.loads(await page.get_by_label("Input (JSON)").input_value())
    assert example == {"n": 1}
    await picture(page, "submit")
    await page.get_by_label("Input (JSON)").fill('{"n": "one"}')
    await page.get_by_role("button", name="Submit", exact=True).click()
    await expect(page.get_by_role("alert").filter(has_text="/input_data/n")).to_be_visible()
    await page.get_by_label("Input (JSON)").fill('{"n": 2}')
    await page.get_by_role("button", name="Submit", exact=True).click()

    detail = page.get_by_role("complementary")
    await expect(detail.get_by_text("No worker gives a sign of life.")).to_be_visible()
    await expect(page.locator("table.jobs tbody tr")).to_have_count(1)
    job_id = admin.get("/jobs").json()["items"][0]["id"]
    await story.start(job_id)
    await expect(detail.locator(".pill")).to_contain_text("processing")
    await story.progress(job_id, 0.5)
    await story.log(job_id, ["model loaded", "<b>half</b> done"])
    await expect(detail.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "50")
    await expect(page.locator("table.jobs .pill")).to_contain_text("50 %")
    await expect(page.locator("#job-log")).to_contain_text("<b>half</b> done")
    await picture(page, "running")
    await story.complete(job_id)
    await expect(page.locator("#job-result")).to_contain_text('"sum": 2')
    await expect(detail.get_by_text("Where the time went")).to_be_visible()
    await picture(page, "finished")


async def test_cancel_retry_and_replay(page: Page, admin: httpx.Client, story: Storyteller) -> None:
    waiting, broken = submit(admin), submit(admin)
    await page.get_by_role("link", name=f"#{waiting}").click()
    detail = page.get_by_role("complementary")
    await detail.get_by_role("button", name="Cancel").click()
    await expect(detail.locator(".pill")).to_have_text("cancelled")
    await detail.get_by_role("button", name="Run again").click()
    await expect(detail.locator(".pill")).to_have_text("queued")

    await story.start(broken)
    await story.fail(broken)
    await page.get_by_role("link", name="Dead letters").click()
    await expect(page.get_by_text("exit code 1").first).to_be_visible()
    await picture(page, "dead-letters")
    await page.get_by_role("button", name="Replay it").click()
    await expect(page.get_by_text("No dead letters")).to_be_visible()
    assert admin.get(f"/jobs/{broken}").json()["status"] == "queued"


async def test_it_comes_back_after_the_socket_was_lost(
    page: Page, admin: httpx.Client, story: Storyteller
) -> None:
    job_id = submit(admin)
    await expect(page.locator("table.jobs .pill")).to_have_text("queued")
    await page.context.set_offline(True)
    await page.evaluate("window.dispatchEvent(new Event('offline'))")
    await story.start(job_id)
    await story.complete(job_id)
    await page.context.set_offline(False)

    await expect(page.locator("table.jobs .pill")).to_have_text("completed", timeout=20_000)
    await expect(page.locator("#connection")).to_have_text("Live")


async def test_plugins_and_workers(page: Page, admin: httpx.Client) -> None:
    await page.get_by_role("link", name="Plugins").click()
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("paused")).to_be_visible()
    assert admin.get("/plugins/adder").json()["control"]["is_paused"] is True
    await picture(page, "plugins")
    await page.get_by_role("link", name="Workers").click()
    await expect(page.get_by_text("No worker is alive")).to_be_visible()


async def test_each_view_has_its_address(page: Page, api_url: str, admin: httpx.Client) -> None:
    job_id = submit(admin)
    headings = {"overview": "Overview", "users": "Users", "plugins": "Plugins", "workers": "Workers"}
    for view, heading in headings.items():
        await page.goto(f"{api_url}/dashboard/{view}")
        await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    await page.goto(f"{api_url}/dashboard/overview")
    await expect(page.locator(".figure", has_text="users").locator(".figure-value")).to_have_text("1")
    await expect(page.locator(".figure", has_text="plugins").locator(".figure-value")).to_have_text("1")
    await picture(page, "overview")
    await page.goto(f"{api_url}/dashboard/jobs/{job_id}")
    await expect(page.get_by_role("heading", name=f"Job #{job_id}")).to_be_visible()
    await page.get_by_role("button", name="Close").click()
    await expect(page).to_have_url(f"{api_url}/dashboard/jobs")
    await page.go_back()
    await expect(page.get_by_role("heading", name=f"Job #{job_id}")).to_be_visible()
    await page.goto(f"{api_url}/dashboard/plugins")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(f"{api_url}/dashboard/login")


async def test_admins_deactivate_and_activate_users(page: Page, admin: httpx.Client) -> None:
    account = {"email": "ada@example.com", "password": "analytical engine", "full_name": "Ada Lovelace"}
    admin.post("/users", json=account).raise_for_status()
    await page.get_by_role("link", name="Users").click()
    row = page.get_by_role("row", name="ada@example.com")
    await expect(row).to_contain_text("Ada Lovelace")
    await row.get_by_role("button", name="Deactivate").click()
    await expect(row).to_contain_text("deactivated")
    assert [user["is_active"] for user in admin.get("/users").json()["items"]] == [True, False]
    await picture(page, "users")
    await row.get_by_role("button", name="Activate").click()
    await expect(row.get_by_text("active", exact=True)).to_be_visible()


async def test_a_wrong_password_and_the_end_of_a_session(page: Page, api_url: str) -> None:
    await page.get_by_role("button", name="Sign out").click()
    await picture(page, "sign-in")
    await page.get_by_label("E-mail").fill("nobody")
    await page.get_by_label("Password").fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("The address or the password is wrong.")
    await sign_in(page, api_url)
    await page.context.clear_cookies()
    await page.reload()
    await expect(page.get_by_role("alert")).to_contain_text("sign in again")


async def test_the_login_is_a_cookie_that_no_script_sees(page: Page, api_url: str) -> None:
    [cookie] = await page.context.cookies()
    assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("__Host-satellite", True, True)
    assert cookie["sameSite"] == "Strict"
    assert await page.evaluate("document.cookie") == ""
    kept = await page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
    assert json.loads(kept) == [{"satellite.was-signed-in": "yes"}, {}]
    async with page.expect_event("requestfinished", lambda done: done.method == "DELETE"):
        await page.get_by_role("button", name="Sign out").click()
    assert await page.context.cookies() == []
    await page.goto(f"{api_url}/dashboard/jobs")
    await expect(page.get_by_label("E-mail")).to_be_visible()


async def test_the_description_of_the_api(page: Page, api_url: str) -> None:
    await page.goto(f"{api_url}/docs")
    await expect(page.get_by_text("/api/v1/jobs/{job_id}/cancel")).to_be_visible()
    await picture(page, "docs")


async def test_dark_and_narrow(page: Page, admin: httpx.Client, story: Storyteller) -> None:
    done, running = submit(admin), submit(admin)
    await story.start(done)
    await story.complete(done)
    await story.start(running)
    await story.progress(running, 0.4)
    await page.emulate_media(color_scheme="dark")
    await page.get_by_role("link", name=f"#{done}").click()
    await expect(page.locator("#job-result")).to_contain_text('"sum": 2')
    await picture(page, "dark")
    background = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, background.removeprefix("rgb(").rstrip(")").split(","))) < 150
    await page.set_viewport_size({"width": 390, "height": 844})
    await picture(page, "narrow")
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
