"""A real browser on a real API process."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.fixtures.api import ADMIN, log_in
from tests.integration.live.conftest import api_url, story
from tests.integration.operation_server_api.conftest import MANIFEST

__all__ = ["api_url", "story"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium of this machine."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    async with async_playwright() as playwright:
        # Chromium's own sandbox needs rights that root in a container does not have.
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
def admin(api_url: str) -> Iterator[httpx.Client]:
    """A client logged in as the bootstrap admin, with the plugin `adder` registered."""
    with log_in(api_url) as client:
        client.post("/plugins", json=MANIFEST | {"description": "Adds."}).raise_for_status()
        yield client


@pytest.fixture
async def page(browser: Browser, api_url: str, admin: httpx.Client) -> AsyncIterator[Page]:
    """The dashboard, signed in; any error in the page fails the test."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    await sign_in(page, api_url)
    yield page
    await context.close()
    # A socket that the API closes, or a refused request, is what some tests are about.
    assert [text for text in complaints if "WebSocket" not in text and "Failed to load" not in text] == []


async def sign_in(page: Page, api_url: str) -> None:
    await page.goto(f"{api_url}/")
    await page.get_by_label("E-mail").fill(ADMIN["username"])
    await page.get_by_label("Password").fill(ADMIN["password"])
    await page.get_by_role("button", name="Sign in").click()
    await page.locator("#connection[data-state=live]").wait_for()
