"""How quickly the console is there, and how smoothly it moves while much happens."""

from __future__ import annotations

import asyncio
import statistics
from datetime import UTC, datetime
from typing import Final

from playwright.async_api import expect

from operation_server.dashboard.pages import CONSOLE
from operation_server.jobs.transitions import apply_outcomes
from satellite.contracts.outcome import CapturedLog, Outcome, OutcomeStatus
from tests.console.conftest import CHROMIUM
from tests.fixtures.api import running_api
from tests.fixtures.redis import running_redis
from tests.integration.live.conftest import Storyteller, submit
from tests.integration.operation_server_api.conftest import find_uid
from tests.performance.console.browser import EVENTS_PER_S, SCREEN, WATCHED_MS, Console, console_of
from tests.performance.console.frames import FIRST_LINE, GAPS
from tests.performance.console.graph import STEPS, frames_per_s
from tests.performance.console.news import progress_of
from tests.performance.database import new_database, postgres
from tests.performance.figure import Figure

ROWS: Final = 200
LINES: Final = 100_000
LINE: Final = "a line as programs print them, " * 4


def measure(*, rounds: int) -> list[Figure]:
    """Measure the console, if it is built and there is a Chromium."""
    if CHROMIUM is None or not (CONSOLE / "index.html").is_file():
        print("The console is not measured: it is not built, or there is no Chromium.")
        return []
    with (
        postgres() as server,
        running_redis() as redis,
        running_api(database_url=(database := new_database(server, "console")), redis_url=redis.url) as url,
    ):
        return asyncio.run(_measure(url, database, redis.url, rounds=rounds))


async def _measure(url: str, database_url: str, redis_url: str, *, rounds: int) -> list[Figure]:
    async with console_of(url, database_url=database_url, redis_url=redis_url) as console:
        first = [await _first_page_s(console) for _ in range(rounds)]
        worst, idle = await _worst_frames_ms(console)
        afar, near, still = await frames_per_s(console)
        line = [await _first_line_ms(console) for _ in range(rounds)]
    moved = f"frames of {STEPS:,} steps, {EVENTS_PER_S} events/s, moved"
    return [
        Figure(name="first page, cold cache", value=statistics.median(first), unit="s", target="<= 1 s"),
        Figure(name=f"worst frame of {ROWS} rows, {EVENTS_PER_S} events/s", value=worst, unit="ms",
               floor=idle, floor_name="no events", target="<= 50 ms"),
        Figure(name=f"{moved}, from afar", value=afar, unit="/ s", floor=still,
               floor_name="nothing moves", target=">= 30"),
        Figure(name=f"{moved}, near", value=near, unit="/ s", floor=still,
               floor_name="nothing moves", target=">= 30"),
        Figure(name=f"log of {LINES:,} lines, from its text to its lines", value=statistics.median(line),
               unit="ms", target="<= 200 ms"),
    ]  # fmt: skip


async def _first_page_s(console: Console) -> float:
    """Open the overview in a browser whose cache is empty, until all of it is there."""
    signed_in = await console.page()
    state = await signed_in.context.storage_state()
    await signed_in.context.close()
    context = await console.browser.new_context(viewport=SCREEN, storage_state=state)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(f"{console.url}/dashboard/overview", wait_until="commit")
    await page.locator("main h1").wait_for()
    await page.locator("[aria-busy=true]").first.wait_for(state="detached")
    spent_ms: float = await page.evaluate("performance.now()")
    await context.close()
    return spent_ms / 1000


async def _worst_frames_ms(console: Console) -> tuple[float, float]:
    """Return the longest frame of a list while its rows change, and while nothing does."""
    ids = [submit(console.api) for _ in range(ROWS)]
    for job_id in ids:
        await console.story.start(job_id)
    news = [progress_of(job_id, await find_uid(console.story.engine, job_id)) for job_id in ids]
    page = await console.page()
    await page.goto(f"{console.url}/dashboard/jobs")
    rows = page.locator("tbody tr")
    while (count := await rows.count()) < ROWS:
        if count:
            await page.get_by_role("button", name="Show more").click()
        await expect(rows).not_to_have_count(count)
    idle: list[float] = await page.evaluate(GAPS, WATCHED_MS)
    gaps = await console.gaps_ms(page, GAPS, news)
    await page.context.close()
    return max(gaps), max(idle)


async def _first_line_ms(console: Console) -> float:
    """Return how long after its text has come a large log is there."""
    job_id = submit(console.api)
    await console.story.start(job_id)
    await _end_with_log(console.story, job_id)
    page = await console.page()
    await page.add_init_script(FIRST_LINE)
    await page.goto(f"{console.url}/dashboard/jobs/{job_id}")
    await page.get_by_role("log").wait_for()
    await page.wait_for_function("window.firstLineMs !== undefined")
    spent: float = await page.evaluate("window.firstLineMs")
    await page.context.close()
    return spent


async def _end_with_log(story: Storyteller, job_id: int) -> None:
    lines = "".join(f"{place:>8} {LINE}\n" for place in range(LINES))
    now, uid = datetime.now(UTC), await find_uid(story.engine, job_id)
    outcome = Outcome(
        job_id=job_id, attempt=1, uid=uid, worker="w", status=OutcomeStatus.COMPLETED, result_json="{}",
        started_at=now, finished_at=now, log=CapturedLog.from_text(lines, total_bytes=len(lines)),
    )  # fmt: skip
    async with story.engine.begin() as connection:
        applied = await connection.run_sync(apply_outcomes, [outcome])
    await story.publisher.publish(applied.entries)
