"""How the pages look that operators use: both languages, light and dark, wide and on a phone."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.console.conftest import picture, serious_faults, sign_in
from tests.console.reading import reading
from tests.console.test_clusters import SEEN, tell
from tests.console.test_deadletters import fail_some
from tests.console.test_models import add_doubler
from tests.console.test_plugins import ADA, tell_what_a_test_found
from tests.console.test_workers import tell_of_three
from tests.fixtures.api import open_account
from tests.integration.clusters.conftest import BODY, KEY, TOKEN
from tests.integration.live.conftest import Storyteller

PAGES = {
    "dead-letters": "dead-letters",
    "workers": "workers",
    "plugins": "plugins",
    "plugin": "plugins/adder",
    "plugin-schemas": "plugins/adder?tab=schemas",
    "plugin-report": "plugins/adder?tab=report",
    "plugin-registration": "register-plugin?from=adder",
    "clusters": "clusters",
    "cluster": "clusters/lab",
    "cluster-keys": "clusters/lab?tab=keys",
    "models": "models",
    "model": "models/doubler?compare=1,3",
    "model-card": "models/doubler?tab=card&version=1",
    "model-rollout": "models/doubler?tab=rollout",
    "model-question": "models/doubler?tab=predict",
}

OF_OTHERS = (
    ("plugins/adder", "satellite/adder:1.0.0", "Pause"),
    ("clusters/lab", "gpu-1", "Drain"),
    ("models/doubler", "loader 1.0.0", "Move alias"),
)
"""Pages, what is seen there, and the button that only owners or admins have."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the API needs for all of them; before it starts."""
    monkeypatch.setenv("SATELLITE_FILES_STORAGE_URL", tmp_path.as_uri())
    monkeypatch.setenv("SATELLITE_SECRETS_KEY", KEY)
    monkeypatch.setenv("SATELLITE_API_WORKER_TOKEN", TOKEN)


async def walk(browser: Browser, api_url: str, *, locale: str, theme: str) -> None:
    """Open each page, wide and as on a phone."""
    async with reading(browser, locale=locale, color_scheme=theme) as context:
        page = await context.new_page()
        await sign_in(page, api_url, locale=locale)
        for name, path in PAGES.items():
            await page.set_viewport_size({"width": 1440, "height": 900})
            await page.goto(f"{api_url}/dashboard/{path}")
            await page.locator("main h1").wait_for()
            await expect(page.locator("[aria-busy]")).to_have_count(0)
            await picture(page, f"{name}-{locale}-{theme}")
            assert await serious_faults(page) == [], (locale, name)
            await page.set_viewport_size({"width": 390, "height": 844})
            await picture(page, f"{name}-{locale}-{theme}-phone")
            assert await page.evaluate("document.documentElement.scrollWidth") <= 390, (locale, name)


async def look_as_a_user(browser: Browser, api_url: str) -> None:
    """See what others own and admins control, without the buttons for it."""
    page = await browser.new_page(locale="en")
    await page.goto(f"{api_url}/dashboard/login?next=/plugins/adder")
    await page.get_by_label("E-mail").fill(ADA["username"])
    await page.get_by_label("Password").fill(ADA["password"])
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("link", name="Try it")).to_be_visible()
    for path, shown, button in OF_OTHERS:
        await page.goto(f"{api_url}/dashboard/{path}")
        await expect(page.get_by_text(shown).first).to_be_visible()
        await expect(page.get_by_role("button", name=button)).to_have_count(0)
    await page.close()


async def test_how_they_look(
    browser: Browser, api_url: str, admin: httpx.Client, story: Storyteller, redis_url: str
) -> None:
    open_account(admin, ADA)
    await fail_some(admin, story, 2)
    tell_of_three(redis_url)
    tell_what_a_test_found(admin)
    add_doubler(admin)
    admin.post("/clusters", json=BODY).raise_for_status()
    tell(api_url, state="unconfirmed", seen_host_keys=SEEN)
    # On one platform: each of its own costs seconds.
    await walk(browser, api_url, locale="en", theme="dark")
    await walk(browser, api_url, locale="ko", theme="light")
    await look_as_a_user(browser, api_url)
