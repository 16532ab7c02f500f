"""A walk over pages of the console, in which each is looked at in all the ways that people see it."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.async_api import Browser

from tests.console.conftest import picture, serious_faults, sign_in
from tests.console.reading import reading

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


async def walk(browser: Browser, api_url: str, pages: Mapping[str, str], *, locale: str) -> None:
    """Look at pages, by name, light and dark, on a desk and on a phone; none may be faulty or too wide."""
    async with reading(browser, locale=locale, viewport=WIDE) as context:
        page = await context.new_page()
        await sign_in(page, api_url, locale=locale)
        for name, path in pages.items():
            await page.set_viewport_size(WIDE)
            await page.goto(f"{api_url}/dashboard/{path}")
            await page.locator("main h1").wait_for()
            await page.locator("[aria-busy=true]").first.wait_for(state="detached")
            for theme in ("light", "dark"):
                await page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                assert await serious_faults(page) == [], f"{name} {theme}"
                await picture(page, f"{name}-{locale}-{theme}")
            await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
            await picture(page, f"{name}-{locale}-phone")
            assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
