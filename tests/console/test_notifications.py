"""The page of notifications: by what one is told of what, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from pydantic import SecretStr

from operation_server.dispatch.parts import open_parts
from operation_server.notifications.process import lead_notifications
from operation_server.secrets.key_ring import KeyRing
from operation_server.settings import NotificationSettings, SmtpSettings
from tests.console.conftest import INSTALLATION, picture, serious_faults
from tests.console.walk import walk
from tests.integration.live.conftest import Storyteller, submit

HOOK = {"name": "ops", "kind": "webhook"}
RULE = {"name": "what fails", "kinds": ["job_failed", "run_failed", "worker_lost"], "plugin_name": "adder"}


class Receiver(BaseHTTPRequestHandler):
    """Takes what it is told, and says so."""

    def do_POST(self) -> None:
        """Answer that it is taken."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.end_headers()
        self.wfile.write(b"well taken")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # Its name there.
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[str]:
    """The address of somebody who is told."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    server.server_close()


@pytest.fixture
def deaf() -> Iterator[str]:
    """An address at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/hook"


@pytest.fixture
async def telling(
    api_url: str, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """What tells users, in this process."""
    monkeypatch.setenv("SATELLITE_DATABASE_URL", database_url)
    monkeypatch.setenv("SATELLITE_REDIS_URL", redis_url)
    ring = KeyRing(SecretStr(INSTALLATION["SATELLITE_SECRETS_KEY"]))
    async with open_parts("notifications") as parts:
        task = asyncio.create_task(lead_notifications(parts, NotificationSettings(), SmtpSettings(), ring))
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def make(admin: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    made: dict[str, Any] = admin.post(path, json=body).raise_for_status().json()
    return made


async def test_a_channel_is_made_tested_rotated_and_switched(
    *, page: Page, admin: httpx.Client, telling: None, receiver: str, deaf: str
) -> None:
    await page.get_by_role("link", name="Notifications", exact=True).click()
    await expect(page.get_by_text("No channels yet")).to_be_visible()
    await page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("ops")
    await dialog.get_by_label("Address").fill("https://10.0.0.1/hook")
    await dialog.get_by_role("button", name="Make channel").click()
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await dialog.get_by_label("Address").fill(receiver)
    await picture(page, "channels-new")
    assert await serious_faults(page) == []
    await dialog.get_by_role("button", name="Make channel").click()
    await expect(dialog.locator("pre")).to_contain_text("whsec_")
    await picture(page, "channels-secret")
    await dialog.get_by_role("button", name="I have it").click()
    row = page.get_by_role("row", name="ops")
    await row.get_by_role("button", name="Test").click()
    await expect(dialog.get_by_role("status")).to_contain_text("The receiver has taken it.")
    await expect(dialog.get_by_role("list")).to_contain_text("well taken")
    await picture(page, "channels-tested")
    await dialog.get_by_role("button", name="Close").click()

    await row.get_by_role("button", name="New signing secret").click()
    await dialog.get_by_role("button", name="New signing secret").click()
    await expect(dialog.locator("pre")).to_contain_text("whsec_")
    await expect(dialog).to_contain_text("the secret of before signs too")
    await dialog.get_by_role("button", name="I have it").click()

    await row.get_by_role("button", name="Change").click()
    await dialog.get_by_label("Address").fill(deaf)
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    await row.get_by_role("button", name="Test").click()
    await expect(dialog.get_by_role("list")).to_contain_text("not taken; tried again")
    await dialog.get_by_role("button", name="Close").click()
    await row.get_by_role("button", name="Disable").click()
    await expect(row.get_by_text("disabled", exact=True)).to_be_visible()
    await expect(row.get_by_role("button", name="Test")).to_be_disabled()
    assert admin.get("/notification-channels").json()["items"][0]["is_enabled"] is False
    await row.get_by_role("button", name="Delete").click()
    await dialog.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No channels yet")).to_be_visible()


async def test_what_is_told_by_websocket_is_seen_on_any_page(
    page: Page, admin: httpx.Client, story: Storyteller, telling: None
) -> None:
    channel = make(admin, "/notification-channels", name="here", kind="websocket")
    rule = {"name": "what ends", "kinds": ["job_completed"], "channel_ids": [channel["id"]]}
    make(admin, "/notification-rules", **rule)
    job_id = submit(admin)
    await story.start(job_id)
    await story.complete(job_id)
    await expect(page.get_by_text(f"job completed: #{job_id}")).to_be_visible()


async def test_a_rule_tells_and_its_delivery_is_read(
    *, page: Page, api_url: str, admin: httpx.Client, story: Storyteller, telling: None, receiver: str
) -> None:
    make(admin, "/notification-channels", **HOOK, address=receiver)
    await page.goto(f"{api_url}/dashboard/notifications?tab=rules")
    await page.get_by_role("button", name="New rule").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("what fails")
    await dialog.get_by_label("worker lost").check()
    await dialog.get_by_role("combobox", name="Only jobs of this plugin").select_option("adder")
    await dialog.get_by_label("jobs of everybody").check()
    await picture(page, "rules-new")
    assert await serious_faults(page) == []
    await dialog.get_by_role("button", name="Save").click()
    row = page.get_by_role("row", name="what fails")
    await expect(row).to_contain_text("job failed")
    [rule] = admin.get("/notification-rules").json()["items"]
    assert (rule["kinds"], rule["plugin_name"]) == (["job_failed", "run_failed", "worker_lost"], "adder")
    assert rule["of_everybody"] is True
    await row.get_by_role("button", name="Disable").click()
    await expect(row).to_contain_text("disabled")
    await row.get_by_role("button", name="Enable").click()
    await expect(row.get_by_text("disabled", exact=True)).to_have_count(0)

    job_id = submit(admin)
    await story.start(job_id)
    await story.fail(job_id)
    await page.get_by_role("button", name="Deliveries", exact=True).click()
    told = page.get_by_role("row", name="job failed")
    await expect(told).to_contain_text("delivered")
    await page.get_by_role("combobox", name="State").select_option("failed")
    await expect(page).to_have_url(f"{api_url}/dashboard/notifications?tab=deliveries&status=failed")
    await expect(page.get_by_text("No deliveries")).to_be_visible()
    await page.go_back()
    await told.get_by_role("link", name="job failed").click()
    await expect(dialog).to_contain_text("well taken")
    await expect(dialog).to_contain_text('plugin_name: "adder"')
    await picture(page, "delivery")
    assert await serious_faults(page) == []
    await dialog.get_by_role("button", name="Send once more").click()
    said = dialog.get_by_role("list", name="What the receiver said").get_by_role("listitem")
    await expect(said).to_have_count(2)


async def test_how_notifications_look(
    *, browser: Browser, api_url: str, admin: httpx.Client, locale: str, deaf: str
) -> None:
    channel = make(admin, "/notification-channels", **HOOK, address=deaf)
    make(admin, "/notification-channels", name="here", kind="websocket")
    make(admin, "/notification-rules", **RULE, channel_ids=[channel["id"]])
    make(admin, f"/notification-channels/{channel['id']}/test")
    pages = {tab: f"notifications?tab={tab}" for tab in ("channels", "rules", "deliveries")}
    await walk(browser, api_url, pages, locale=locale)
