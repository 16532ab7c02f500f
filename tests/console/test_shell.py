"""What is around every page of the console: login, navigation, languages, the live connection."""

from __future__ import annotations

import gzip
import json
import re

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from operation_server.dashboard.pages import CONSOLE
from tests.console.conftest import WORDS, picture, serious_faults, sign_in
from tests.console.reading import reading
from tests.fixtures.api import ADMIN
from tests.integration.live.conftest import Storyteller, submit

FIRST_PAGE_KIB_MAX = 200


async def test_signing_in_leads_to_where_one_wanted_to_go(page: Page, api_url: str) -> None:
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(f"{api_url}/dashboard/login")
    await page.goto(f"{api_url}/dashboard/jobs?status=failed")
    await page.get_by_label("E-mail").fill(ADMIN["username"])
    await page.get_by_label("Password").fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("The address or the password is wrong.")
    await page.get_by_label("Password").fill(ADMIN["password"])
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{api_url}/dashboard/jobs?status=failed")
    await expect(page.get_by_role("button", name="failed", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


async def test_a_session_that_has_ended_is_told(page: Page, api_url: str) -> None:
    await page.context.clear_cookies()
    await page.reload()
    await expect(page.get_by_role("alert")).to_contain_text("sign in again")


async def test_the_login_is_a_cookie_that_no_script_sees(page: Page) -> None:
    [cookie] = await page.context.cookies()
    assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("__Host-satellite", True, True)
    assert cookie["sameSite"] == "Strict"
    assert await page.evaluate("document.cookie") == ""
    kept = json.loads(await page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])"))
    assert kept[1] == {}
    assert ADMIN["password"] not in json.dumps(kept)
    async with page.expect_event("requestfinished", lambda done: done.method == "DELETE"):
        await page.get_by_role("button", name="Sign out").click()
    assert await page.context.cookies() == []


async def test_the_description_of_the_api(page: Page, api_url: str) -> None:
    await page.goto(f"{api_url}/docs")
    await expect(page.get_by_text("/api/v1/jobs/{job_id}/cancel")).to_be_visible()


async def test_pages_are_found_by_keyboard(page: Page, api_url: str, admin: httpx.Client) -> None:
    job_id = submit(admin)
    await page.keyboard.press("Control+k")
    await page.keyboard.type("go jobs")
    await picture(page, "palette")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{api_url}/dashboard/jobs")
    await page.keyboard.press("Control+k")
    await page.keyboard.type(str(job_id))
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{api_url}/dashboard/jobs/{job_id}")


async def test_theme_and_language_are_kept(page: Page) -> None:
    await page.get_by_label("Appearance").select_option("dark")
    await page.get_by_label("Language").select_option("ko")
    await expect(page.get_by_role("heading", level=1)).to_have_text("개요")
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("개요")
    background = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(13, 15, 24)"


async def test_it_says_when_nothing_new_comes_and_misses_nothing(
    page: Page, admin: httpx.Client, story: Storyteller, api_url: str
) -> None:
    job_id = submit(admin)
    await page.goto(f"{api_url}/dashboard/jobs")
    row = page.get_by_role("row", name=f"#{job_id}")
    await expect(row).to_contain_text("queued")
    await page.context.set_offline(True)
    await page.evaluate("window.dispatchEvent(new Event('offline'))")
    await story.start(job_id)
    await story.complete(job_id)
    await page.context.set_offline(False)
    await expect(row).to_contain_text("completed")
    await expect(page.locator("[role=status][data-state=live]")).to_have_text("Live")


async def test_an_address_that_is_none_says_so(page: Page, api_url: str) -> None:
    await page.goto(f"{api_url}/dashboard/nothing/here")
    await expect(page.get_by_text("There is no such page")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_login_page(browser: Browser, api_url: str, locale: str, theme: str) -> None:
    async with reading(
        browser, locale=locale, color_scheme=theme, viewport={"width": 390, "height": 844}
    ) as context:
        page = await context.new_page()
        await page.goto(f"{api_url}/dashboard/login")
        await expect(page.get_by_role("button", name=WORDS[locale]["sign in"])).to_be_visible()
        await picture(page, f"login-{locale}-{theme}")
        assert await serious_faults(page) == []
        await sign_in(page, api_url, locale=locale)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await picture(page, f"overview-phone-{locale}-{theme}")


async def test_a_console_that_could_not_be_loaded_says_so(browser: Browser, api_url: str) -> None:
    context = await browser.new_context(locale="en-US", viewport={"width": 390, "height": 844})
    page = await context.new_page()
    await page.route("**/assets/catalog-*", lambda route: route.abort())
    await page.goto(f"{api_url}/dashboard/login")
    await expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    await picture(page, "start-failure")
    assert await serious_faults(page) == []
    await page.unroute_all()
    await page.get_by_role("button", name="Load again").click()
    await expect(page.get_by_label("E-mail")).to_be_visible()
    await context.close()


def test_the_first_page_is_small() -> None:
    manifest = json.loads((CONSOLE / "manifest.json").read_text())

    def needed(name: str) -> set[str]:
        part = manifest[name]
        return {part["file"]}.union(*(needed(each) for each in part.get("imports", [])))

    first = (
        set(re.findall(r'src="/dashboard/(assets/[^"]+[.]js)"', (CONSOLE / "index.html").read_text()))
        | needed("src/features/statistics/overview-page.tsx")
        | needed("src/i18n/catalog-ko.ts")
    )
    # A browser asks for six at a time.
    assert 3 < len(first) <= 6
    size = sum(len(gzip.compress((CONSOLE / file).read_bytes(), 6)) for file in first)
    assert size < FIRST_PAGE_KIB_MAX * 1024, f"{size / 1024:.0f} KiB"


def test_nothing_built_is_inline_or_from_elsewhere() -> None:
    page = (CONSOLE / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+\s*=|<style|https?://", page)
    scripts = [file.read_text() for file in (CONSOLE / "assets").glob("*.js")]
    assert scripts
    assert not [text for text in scripts if re.search(r"\beval\(|new Function\(", text)]
