"""The console in a real browser, on a real API process."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from operation_server.dashboard.pages import CONSOLE
from tests.console.reading import reading
from tests.fixtures.api import ADMIN, log_in, running_api
from tests.integration.live.conftest import story
from tests.integration.operation_server_api.conftest import MANIFEST

__all__ = ["story"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
PICTURES = os.environ.get("SATELLITE_TEST_PICTURES")
"""A folder for pictures of the pages, to look at."""
WORDS = {
    "en": {"email": "E-mail", "password": "Password", "sign in": "Sign in"},
    "ko": {"email": "이메일", "password": "비밀번호", "sign in": "로그인"},
}

INSTALLATION = {
    "SATELLITE_SECRETS_KEY": secrets.token_hex(32),
    "SATELLITE_NOTIFICATIONS_ALLOWED_NETWORKS": "127.0.0.0/8",
}
"""It keeps secrets, and tells receivers on this machine."""

expect.set_options(timeout=60_000)


@pytest.fixture
def api_url(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a running API process."""
    for name, value in INSTALLATION.items():
        monkeypatch.setenv(name, value)
    with running_api(database_url=database_url, redis_url=redis_url) as url:
        yield url


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium of this machine; what tests do in it, they do in contexts of their own."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    if not (CONSOLE / "index.html").is_file():
        pytest.skip("the console is not built; see `make console`")
    async with async_playwright() as playwright:
        # Chromium's own sandbox needs rights that root in a container does not have. A card that is not there
        # would be simulated, for a tenth of all processor time.
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        await browser.close()


@pytest.fixture
def admin(api_url: str) -> Iterator[httpx.Client]:
    """A client logged in as the bootstrap admin, with the plugin `adder` registered."""
    with log_in(api_url) as client:
        client.post("/plugins", json=MANIFEST | {"description": "Adds."}).raise_for_status()
        yield client


@pytest.fixture(params=["en", "ko"])
def locale(request: pytest.FixtureRequest) -> str:
    """The languages of the console."""
    return str(request.param)


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser of one reader, in English and in Seoul; any error in its pages fails the test."""
    seoul = {"viewport": {"width": 1440, "height": 900}, "locale": "en-US", "timezone_id": "Asia/Seoul"}
    async with reading(browser, **seoul) as context:
        yield context


@pytest.fixture
async def page(context: BrowserContext, api_url: str, admin: httpx.Client) -> Page:
    """The console, signed in, in English."""
    page = await context.new_page()
    await sign_in(page, api_url)
    return page


async def sign_in(
    page: Page, api_url: str, *, locale: str = "en", credentials: Mapping[str, str] = ADMIN
) -> None:
    """Sign in, as the admin unless given, and wait for the overview to be live."""
    await page.goto(f"{api_url}/dashboard/login")
    words = WORDS[locale]
    await page.get_by_label(words["email"]).fill(credentials["username"])
    await page.get_by_label(words["password"]).fill(credentials["password"])
    await page.get_by_role("button", name=words["sign in"]).click()
    await page.locator("[role=status][data-state=live]").wait_for(state="attached")
    # Who goes elsewhere sooner breaks off what the page still loads, which is an error in its console.
    await page.locator("main h1").wait_for()


async def picture(page: Page, name: str) -> None:
    """Keep a picture of a page, if somebody wants to look at it."""
    if PICTURES:
        await page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))


async def serious_faults(page: Page) -> list[str]:
    """Return what axe finds on a page that keeps people from using it."""
    # Through the protocol, which the content security policy of the page does not concern.
    await page.evaluate(AXE.read_text() + "; null")
    result = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{found['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:200]}"
        for found in result["violations"]
        if found["impact"] in {"serious", "critical"}
        for node in found["nodes"]
    ]
