"""A browser of one reader, and what its pages complain of."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page
from playwright.async_api import Error as PlaywrightError

LONGEST_MS = 60_000
"""Beside other tests a browser takes several times as long as alone; Playwright's own 30 s were too few."""


@contextlib.asynccontextmanager
async def reading(browser: Browser, **options: Any) -> AsyncIterator[BrowserContext]:
    """Open a browser with cookies of its own; an error in its pages fails, as what the test itself finds."""
    context = await browser.new_context(**options)
    context.set_default_timeout(LONGEST_MS)
    complaints = _listen(context)
    try:
        yield context
    except Exception as error:
        error.add_note(f"Complaints of the pages: {complaints}")
        for page in context.pages:
            with contextlib.suppress(PlaywrightError):
                error.add_note(f"{page.url} shows: {(await page.content())[:3_000]}")
        raise
    else:
        # Before it is closed: what that breaks off is no fault of the pages.
        assert complaints == []
    finally:
        await context.close()


def _listen(context: BrowserContext) -> list[str]:
    """Return a list that grows by each error that pages of a context have from now on."""
    complaints: list[str] = []

    def note(message: Any) -> None:
        # A socket that the API closes, or a refused request, is what some tests are about.
        if message.type == "error" and not any(
            word in message.text for word in ("WebSocket", "Failed to load")
        ):
            complaints.append(message.text)

    def listen(page: Page) -> None:
        page.on("crash", lambda page: complaints.append(f"The renderer of {page.url} has crashed."))

    context.on("page", listen)
    context.on("console", note)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    return complaints
