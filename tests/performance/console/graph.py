"""A run of thousands of steps, moved while they run."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from tests.performance.console.browser import WATCHED_MS, Console
from tests.performance.console.frames import GAPS, PAN
from tests.performance.console.news import steps_of

STEPS: Final = 2_000
LANES: Final = 20


async def frames_per_s(console: Console) -> tuple[float, float, float]:
    """Return how many frames a second there are of a graph that is moved while its steps change.

    From afar, near, and of a page on which nothing moves.
    """
    run_id = _run_of_many(console)
    async with console.story.engine.connect() as connection:
        uid = await connection.scalar(text("SELECT uid FROM workflow_runs WHERE id = :id"), {"id": run_id})
    news = steps_of(run_id, uid, count=STEPS)
    page = await console.page()
    await page.goto(f"{console.url}/dashboard/jobs")
    floor = rate(await page.evaluate(GAPS, WATCHED_MS))
    await page.goto(f"{console.url}/dashboard/runs/{run_id}?task=t0")
    canvas = page.get_by_role("group", name="Graph of the run")
    await canvas.wait_for()
    await page.get_by_role("button", name="Whole").click()
    afar = rate(await console.gaps_ms(page, PAN, news))
    await page.get_by_role("button", name="Whole").click()
    await page.get_by_role("searchbox", name="Find a task").fill(f"t{STEPS // 2}")
    await page.keyboard.press("Enter")
    await page.locator(f"[data-node=t{STEPS // 2}]").wait_for()
    near = rate(await console.gaps_ms(page, PAN, news))
    await page.context.close()
    return afar, near, floor


def _run_of_many(console: Console) -> int:
    task = {"kind": "plugin", "plugin_name": "adder", "input": {"n": 1}}
    tasks = [task | {"name": f"t{place}", "dependencies": _before(place)} for place in range(STEPS)]
    made = console.api.post("/workflows", json={"name": "many", "tasks": tasks}, timeout=60)
    workflow_id = made.raise_for_status().json()["id"]
    console.api.post(f"/workflows/{workflow_id}/deploy", timeout=60).raise_for_status()
    return int(console.api.post(f"/jobs/trigger/{workflow_id}").raise_for_status().json()["id"])


def _before(place: int) -> list[str]:
    """Return what a step of some lanes, now and then crossing, waits for."""
    if place < LANES:
        return []
    crossing = [place - LANES - place % 7] if place % 5 == 0 and place >= 2 * LANES else []
    return [f"t{before}" for before in dict.fromkeys([place - LANES, *crossing])]


def rate(gaps: list[float]) -> float:
    """Return the frames a second of frames so far apart."""
    return len(gaps) / (sum(gaps) / 1000)
