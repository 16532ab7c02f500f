"""Workflows in the console: list, run, editor, deployment, schedule, calendar and backfills."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import Engine

from operation_server.workflows.transitions import AdvanceParts, advance_run, list_woken
from tests.console.conftest import picture, serious_faults, sign_in
from tests.console.reading import reading
from tests.integration.live.conftest import Storyteller

ADD: dict[str, Any] = {"name": "add", "kind": "plugin", "plugin_name": "adder", "input": {"n": 1}}
MORE: dict[str, Any] = ADD | {"name": "more", "dependencies": ["add"]}
FORM: dict[str, Any] = {
    "type": "object",
    "properties": {"reason": {"type": "string", "minLength": 3}},
    "required": ["reason"],
}
ASK: dict[str, Any] = {"name": "ask", "kind": "approval", "dependencies": ["add"], "form": FORM}
EACH: dict[str, Any] = ADD | {"name": "each", "map_over": "params.numbers", "input": {"n": "${{ item }}"}}


def make(admin: httpx.Client, *tasks: dict[str, Any], deploy: bool = True, **fields: Any) -> int:
    body = {"name": "wine", "description": "Sorts wine.", "tasks": list(tasks)} | fields
    workflow_id = int(admin.post("/workflows", json=body).raise_for_status().json()["id"])
    if deploy:
        admin.post(f"/workflows/{workflow_id}/deploy").raise_for_status()
    return workflow_id


def trigger(admin: httpx.Client, workflow_id: int) -> int:
    return int(admin.post(f"/jobs/trigger/{workflow_id}").raise_for_status().json()["id"])


async def advance(engine: Engine, story: Storyteller) -> None:
    """Do what the advancer does, and tell of it."""
    parts = AdvanceParts()
    while True:
        with engine.begin() as connection:
            woken = list_woken(connection)
        for run_id in woken:
            with engine.begin() as connection:
                advanced = advance_run(connection, run_id, parts)
            await story.publisher.publish(advanced.entries)
        if not woken:
            break
    parts.close()


def job_of(admin: httpx.Client, run_id: int, task: str) -> int:
    nodes = admin.get(f"/runs/{run_id}/graph").json()["nodes"]
    return int(next(node["job_id"] for node in nodes if node["name"] == task))


async def complete(admin: httpx.Client, engine: Engine, story: Storyteller, run_id: int, task: str) -> None:
    job_id = job_of(admin, run_id, task)
    await story.start(job_id)
    await story.complete(job_id, '{"sum": 2}')
    await advance(engine, story)


async def test_workflows_are_listed_and_run(page: Page, api_url: str, admin: httpx.Client) -> None:
    await page.goto(f"{api_url}/dashboard/workflows")
    await expect(page.get_by_text("No workflows yet")).to_be_visible()
    make(admin, ADD, MORE, schedule="@daily")
    await page.reload()
    row = page.get_by_role("row", name="wine")
    await expect(row).to_contain_text("version 1")
    await picture(page, "workflows")
    assert await serious_faults(page) == []
    await row.get_by_role("link", name="wine").click()
    await page.get_by_role("button", name="Run", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("of wine")


async def test_a_run_is_seen_live_and_decided_about(
    page: Page, api_url: str, admin: httpx.Client, story: Storyteller, blocking_engine: Engine
) -> None:
    run_id = trigger(admin, make(admin, ADD, MORE, ASK))
    await advance(blocking_engine, story)
    await page.goto(f"{api_url}/dashboard/runs/{run_id}?task=add")
    await expect(page.get_by_role("button", name="add, running")).to_be_visible()
    job_id = job_of(admin, run_id, "add")
    await story.start(job_id)
    await story.log(job_id, ["adding up", "done soon"])
    await expect(page.get_by_role("log")).to_contain_text("done soon")
    await story.complete(job_id, '{"sum": 2}')
    await advance(blocking_engine, story)
    await expect(page.get_by_role("button", name="add, completed")).to_be_visible()
    await page.get_by_role("button", name="Data", exact=True).click()
    await expect(page.get_by_role("region", name="add")).to_contain_text("sum")
    await page.get_by_role("button", name="add, completed").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page).not_to_have_url(f"{api_url}/dashboard/runs/{run_id}?task=add&show=data")
    await page.get_by_role("button", name="ask, waiting").click()
    await page.get_by_label("reason").fill("ok")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_text("at least 3 characters")).to_be_visible()
    await page.get_by_label("reason").fill("good wine")
    await picture(page, "run-approval")
    assert await serious_faults(page) == []
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_text("Approved.")).to_be_visible()
    await advance(blocking_engine, story)
    await expect(page.get_by_role("button", name="ask, completed")).to_be_visible()


async def test_the_log_of_an_item_is_live_and_has_what_was_said_before(
    page: Page, api_url: str, admin: httpx.Client, story: Storyteller, blocking_engine: Engine
) -> None:
    run_id = trigger(admin, make(admin, EACH, params={"numbers": [1, 2]}))
    await advance(blocking_engine, story)
    steps = admin.get(f"/runs/{run_id}/steps").json()["items"]
    job_id = int(next(step["job_id"] for step in steps if step["map_index"] == 1))
    await story.start(job_id)
    await story.log(job_id, ["before"])
    await page.goto(f"{api_url}/dashboard/runs/{run_id}?task=each&item=1")
    log = page.get_by_role("log")
    await expect(log).to_contain_text("before")
    await story.log(job_id, ["meanwhile"])
    await expect(log).to_contain_text("meanwhile")
    await picture(page, "run-item")
    await page.get_by_label("Item").fill("0")
    await expect(page.get_by_text("It has printed nothing yet.")).to_be_visible()
    await expect(page).to_have_url(f"{api_url}/dashboard/runs/{run_id}?task=each&item=0")


async def test_a_failed_run_is_retried_and_restarted_by_a_plan(
    page: Page, api_url: str, admin: httpx.Client, story: Storyteller, blocking_engine: Engine
) -> None:
    run_id = trigger(admin, make(admin, ADD, MORE))
    await advance(blocking_engine, story)
    await complete(admin, blocking_engine, story, run_id, "add")
    job_id = job_of(admin, run_id, "more")
    await story.start(job_id)
    await story.fail(job_id)
    await advance(blocking_engine, story)
    await page.goto(f"{api_url}/dashboard/runs/{run_id}")
    await expect(page.get_by_role("heading", name="more")).to_be_visible()
    await page.get_by_role("button", name="Restart").click()
    plan = page.get_by_role("list", name="What a restart would do")
    await expect(plan).to_contain_text("taken over")
    await picture(page, "run-restart")
    await page.get_by_role("dialog").get_by_role("button", name="Restart").click()
    await expect(page.get_by_text(f"restarted from #{run_id}")).to_be_visible()
    await page.goto(f"{api_url}/dashboard/runs/{run_id}")
    await page.get_by_role("button", name="Retry what failed").click()
    await expect(page.get_by_text("What has failed runs again.")).to_be_visible()
    await page.get_by_role("button", name="Cancel the run").click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel the run").click()
    await expect(page.get_by_text("The run is being cancelled.")).to_be_visible()


async def test_graph_and_text_are_one_thing(page: Page, api_url: str, admin: httpx.Client) -> None:
    workflow_id = make(admin, ADD, MORE, deploy=False)
    await page.goto(f"{api_url}/dashboard/workflows/{workflow_id}/edit?task=more")
    await page.get_by_role("button", name="Add task").click()
    await expect(page.get_by_role("button", name="python_1, Python")).to_be_visible()
    await page.get_by_label("Name", exact=True).fill("look")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="look, Python")).to_be_visible()
    await page.get_by_label("Connect…").select_option("add")
    code = page.get_by_role("textbox", name="Code of look")
    await code.click()
    await page.keyboard.press("Control+a")
    await page.keyboard.type('context["ti"].xcom_pull("')
    await expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("add")
    await picture(page, "editor")
    assert await serious_faults(page) == []
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Text", exact=True).click()
    text = page.get_by_role("textbox", name="Text")
    await expect(text).to_contain_text("name: look")
    await page.get_by_role("button", name="Task", exact=True).click()
    await page.get_by_role("button", name="Delete task").click()
    await expect(page.get_by_role("button", name="look, Python")).to_be_hidden()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("button", name="look, Python")).to_be_visible()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("All is saved.")).to_be_visible()
    saved = admin.get(f"/workflows/{workflow_id}/definition").json()
    assert saved["tasks"][2]["dependencies"] == ["more", "add"]
    await text_is_the_graph(page)


async def text_is_the_graph(page: Page) -> None:
    await page.get_by_role("button", name="Text", exact=True).click()
    text = page.get_by_role("textbox", name="Text")
    await text.click()
    await page.keyboard.press("Control+a")
    await page.keyboard.insert_text(json.dumps({"name": "wine", "tasks": [{"name": "only"}]}))
    await expect(page.get_by_role("button", name="only, Python")).to_be_visible()
    await page.keyboard.press("Control+a")
    await page.keyboard.insert_text("name: wine\ntasks: [")
    await expect(page.get_by_role("alert")).to_contain_text("line")
    await expect(page.get_by_role("button", name="only, Python")).to_be_visible()


async def test_faults_are_told_at_their_place_and_a_diff_before(
    page: Page, api_url: str, admin: httpx.Client
) -> None:
    workflow_id = make(admin, ADD)
    await page.goto(f"{api_url}/dashboard/workflows/{workflow_id}/edit?task=add")
    await page.get_by_label("Plugin", exact=True).fill("nowhere")
    await page.get_by_role("button", name="Deploy").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("plugin_name: nowhere")
    await picture(page, "deploy-diff")
    await dialog.get_by_role("button", name="Deploy").click()
    fault = page.get_by_role("alert").filter(has_text="One thing keeps it")
    await expect(fault.get_by_role("button", name="add · plugin_name")).to_be_visible()
    await expect(page.locator("[data-node=add][data-faulty]")).to_be_visible()
    await picture(page, "editor-faults")


async def test_two_editors_do_not_overwrite_each_other(page: Page, api_url: str, admin: httpx.Client) -> None:
    workflow_id = make(admin, ADD, deploy=False)
    await page.goto(f"{api_url}/dashboard/workflows/{workflow_id}/edit?task=add")
    await page.get_by_role("button", name="Add task").click()
    theirs = admin.get(f"/workflows/{workflow_id}/definition").json() | {"description": "Theirs."}
    admin.put(f"/workflows/{workflow_id}/definition", json=theirs).raise_for_status()
    await page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog", name="Somebody else has saved meanwhile")
    await expect(dialog).to_contain_text("Theirs.")
    await expect(dialog).to_contain_text("python_1")
    await picture(page, "editor-conflict")
    assert admin.get(f"/workflows/{workflow_id}/definition").json()["description"] == "Theirs."
    await dialog.get_by_role("button", name="Take theirs").click()
    await expect(page.get_by_role("button", name="python_1, Python")).to_be_hidden()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("button", name="python_1, Python")).to_be_visible()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("All is saved.")).to_be_visible()


async def test_schedule_calendar_and_backfills(page: Page, api_url: str, admin: httpx.Client) -> None:
    workflow_id = make(admin, ADD)
    await page.goto(f"{api_url}/dashboard/workflows/{workflow_id}?tab=schedule")
    await page.get_by_role("button", name="By the clock").click()
    await page.get_by_label("Cron expression").fill("every day")
    preview = page.get_by_role("region", name="Next ticks")
    await expect(preview.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Cron expression").fill("30 2 * * *")
    await expect(preview.get_by_role("listitem")).to_have_count(10)
    await picture(page, "schedule")
    assert await serious_faults(page) == []
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("The schedule is saved.")).to_be_visible()
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_role("button", name="Resume")).to_be_visible()
    await page.get_by_role("button", name="Resume").click()
    await page.get_by_role("button", name="Calendar").click()
    await page.get_by_role("button", name="Month after").click()
    await expect(page.get_by_role("button", name="1 tick").first).to_be_visible()
    await page.get_by_role("button", name="1 tick").nth(10).click()
    await page.reload()
    await expect(page.get_by_role("listitem").filter(has_text="to come")).to_have_count(2)
    await picture(page, "calendar")
    assert await serious_faults(page) == []
    await page.get_by_role("button", name="Backfills").click()
    await page.get_by_role("button", name="Show what would run").click()
    await expect(page.get_by_role("status").filter(has_text="7 ticks would run")).to_be_visible()
    await picture(page, "backfills")
    assert await serious_faults(page) == []
    await page.get_by_role("button", name="Begin 7 runs").click()
    await expect(page.get_by_text("The backfill has begun.")).to_be_visible()
    assert admin.get(f"/workflows/{workflow_id}/backfills").json()["total"] == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_all_pages_fit_a_phone(  # noqa: PLR0917  # As many fixtures as there are parts to show.
    browser: Browser, api_url: str, admin: httpx.Client, locale: str, theme: str,
    story: Storyteller, blocking_engine: Engine,
) -> None:  # fmt: skip
    workflow_id = make(admin, ADD, MORE, ASK, schedule="@daily")
    run_id = trigger(admin, workflow_id)
    await advance(blocking_engine, story)
    async with reading(
        browser, locale=locale, color_scheme=theme, viewport={"width": 390, "height": 844}
    ) as context:
        page = await context.new_page()
        await sign_in(page, api_url, locale=locale)
        places = {
            "workflows": "workflows",
            "calendar": f"workflows/{workflow_id}?tab=calendar",
            "editor": f"workflows/{workflow_id}/edit",
            "run": f"runs/{run_id}",
        }
        for name, place in places.items():
            await page.goto(f"{api_url}/dashboard/{place}")
            await expect(page.locator("section.card").first).to_be_visible()
            await page.wait_for_load_state("networkidle")
            await picture(page, f"{name}-phone-{locale}-{theme}")
            assert await page.evaluate("document.documentElement.scrollWidth") <= 390, name
            assert await serious_faults(page) == [], name
