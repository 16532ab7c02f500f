"""A platform's API with a browser before it, and who makes things happen."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Final

from playwright.async_api import Browser, Page, async_playwright
from redis.asyncio import Redis

from operation_server.database.engine import create_engine
from operation_server.live.event_publisher import EventPublisher
from satellite.settings.database import DatabaseSettings
from tests.console.conftest import CHROMIUM, sign_in
from tests.fixtures.api import log_in
from tests.integration.live.conftest import Storyteller
from tests.integration.operation_server_api.conftest import MANIFEST
from tests.performance.console.news import News, told

SCREEN: Final = {"width": 1440, "height": 900}
EVENTS_PER_S: Final = 50
WATCHED_MS: Final = 4_000


class Console:
    """The console of an API, which has the plugin `adder`."""

    def __init__(self, *, url: str, browser: Browser, story: Storyteller) -> None:
        self.url = url
        self.browser = browser
        self.story = story
        self.api = log_in(url)
        self.api.post("/plugins", json=MANIFEST).raise_for_status()

    async def page(self) -> Page:
        """Return a page that is signed in, in a browser that has seen no other."""
        context = await self.browser.new_context(viewport=SCREEN, locale="en-US")  # type: ignore[arg-type]
        page = await context.new_page()
        await sign_in(page, self.url)
        return page

    async def gaps_ms(self, page: Page, script: str, news: Sequence[News]) -> list[float]:
        """Return what a script measures of a page while it is told news."""
        await page.locator("[role=status][data-state=live]").wait_for(state="attached")
        enough = asyncio.Event()
        telling = asyncio.create_task(told(self.story.publisher, news, per_s=EVENTS_PER_S, until=enough))
        try:
            gaps: list[float] = await page.evaluate(script, WATCHED_MS)
        finally:
            enough.set()
            await telling
        return gaps


@contextlib.asynccontextmanager
async def console_of(url: str, *, database_url: str, redis_url: str) -> AsyncIterator[Console]:
    """Open a browser for the console of an API."""
    engine = create_engine(DatabaseSettings.model_validate({"url": database_url}), application_name="bench")
    async with async_playwright() as playwright, Redis.from_url(redis_url) as redis:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        publisher = EventPublisher(redis=redis, engine=engine)
        try:
            yield Console(url=url, browser=browser, story=Storyteller(engine=engine, publisher=publisher))
        finally:
            await publisher.aclose()
            await browser.close()
            await engine.dispose()
