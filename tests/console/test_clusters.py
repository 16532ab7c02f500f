"""The pages of clusters: registered, confirmed, seen, drained and deleted, with what each refusal means."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from operation_server.clusters.ssh_keys import fingerprint_of
from satellite.contracts.cluster import REPORT_PATH
from satellite.contracts.run_secrets import SIGNATURE_HEADER, sign
from tests.console.conftest import picture, serious_faults
from tests.integration.clusters.conftest import HOST_KEY, KEY, TOKEN, node_of, report_of

SEEN = [{"host": "gpu.example", "port": 22, "key": HOST_KEY}]


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an API needs to keep clusters; before it starts."""
    monkeypatch.setenv("SATELLITE_SECRETS_KEY", KEY)
    monkeypatch.setenv("SATELLITE_API_WORKER_TOKEN", TOKEN)


def tell(api_url: str, **changes: Any) -> None:
    """Report of the cluster as its connector does."""
    body = report_of(**changes).model_dump_json().encode()
    headers = {SIGNATURE_HEADER: sign(TOKEN, "POST", REPORT_PATH, body), "Content-Type": "application/json"}
    httpx.post(f"{api_url}{REPORT_PATH}", content=body, headers=headers).raise_for_status()


async def register(page: Page) -> None:
    """Register `lab`; the first address is none."""
    await page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="Register a cluster")
    await dialog.get_by_label("Name").fill("lab")
    await dialog.get_by_label("Address").fill("satellite@gpu.example:99999")
    await dialog.get_by_role("button", name="Register").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("/port")
    await expect(dialog.get_by_label("Address")).to_have_attribute("aria-invalid", "true")
    await picture(page, "cluster-register")
    assert await serious_faults(page) == []
    await dialog.get_by_label("Address").fill("satellite@gpu.example")
    await dialog.get_by_label("Labels").fill("zone=a")
    await dialog.get_by_role("button", name="Register").click()


async def confirm(page: Page, api_url: str, admin: httpx.Client) -> None:
    """Confirm the key that its host shows."""
    assert admin.get("/clusters/lab").json()["labels"] == {"zone": "a"}
    await expect(page.get_by_text("restrict ssh-ed25519")).to_be_visible()
    await expect(page.get_by_text("Nobody has confirmed the key of every host")).to_be_visible()
    tell(api_url, state="unconfirmed", nodes=[], seen_host_keys=SEEN)
    await page.get_by_role("button", name="Confirm", exact=True).click()
    dialog = page.get_by_role("dialog", name="Is this the key of gpu.example?")
    await expect(dialog).to_contain_text(fingerprint_of(HOST_KEY))
    await picture(page, "cluster-trust")
    await dialog.get_by_role("button", name="It is the same").click()
    await expect(page.get_by_text("The key of gpu.example is confirmed.")).to_be_visible()
    assert admin.get("/clusters/lab").json()["is_trusted"]


async def look(page: Page, api_url: str) -> None:
    """Look at it refusing the connector, and at what it has once it does not."""
    tell(api_url, state="refused", nodes=[], reason="Permission denied (publickey).")
    await expect(page.get_by_text("Permission denied (publickey).")).to_be_visible()
    await expect(page.get_by_text("It does not let the connector in")).to_be_visible()
    await picture(page, "cluster-refused")
    assert await serious_faults(page) == []
    await page.get_by_role("button", name="Test connection").click()
    await expect(page.get_by_text("looks at everything anew")).to_be_visible()
    tell(
        api_url, nodes=[node_of(held=1)], running=1, rtt_ms=0.6,
        checks=[{"name": "python", "ok": True, "detail": "3.11.2"}, {"name": "clock", "ok": False}],
    )  # fmt: skip
    await page.get_by_role("button", name="Checks").click()
    await expect(page.get_by_role("row", name="clock")).to_contain_text("wrong")
    await page.reload()
    await expect(page.get_by_role("row", name="python")).to_contain_text("3.11.2")
    await page.get_by_role("button", name="Nodes").click()
    node = page.get_by_role("article", name="gpu-1")
    await expect(node.get_by_role("link", name="#1")).to_be_visible()
    await expect(page.get_by_role("region", name="How it is")).to_contain_text("1 of 2 free")
    await picture(page, "cluster")
    assert await serious_faults(page) == []
    await page.get_by_role("button", name="Jobs").click()
    await expect(page.get_by_text("No job is active there")).to_be_visible()


async def drain_and_delete(page: Page, admin: httpx.Client) -> None:
    """Send it no further jobs, then jobs again, and delete it."""
    await page.get_by_role("button", name="Drain").click()
    await expect(page.get_by_text("lab is sent no further jobs.")).to_be_visible()
    assert admin.get("/clusters/lab").json()["is_draining"]
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("button", name="Drain")).to_be_visible()
    await page.get_by_role("button", name="Events").click()
    await expect(page.get_by_role("row", name="draining")).to_be_visible()
    await page.get_by_role("link", name="Clusters").click()
    await expect(page.get_by_role("row", name="lab")).to_contain_text("1 of 2 free")
    await picture(page, "clusters")
    await page.get_by_role("row", name="lab").click()
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No cluster is registered")).to_be_visible()
    assert admin.get("/clusters").json()["total"] == 0


async def test_a_cluster_from_its_registration_to_its_end(
    page: Page, api_url: str, admin: httpx.Client
) -> None:
    await page.goto(f"{api_url}/dashboard/clusters")
    await expect(page.get_by_text("No cluster is registered")).to_be_visible()
    await register(page)
    await expect(page).to_have_url(f"{api_url}/dashboard/clusters/lab?tab=keys")
    await confirm(page, api_url, admin)
    await look(page, api_url)
    await drain_and_delete(page, admin)
