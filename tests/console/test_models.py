"""The pages of models: versions compared and named, a gate that says no, a rollout, a question by hand."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.console.conftest import picture, serious_faults
from tests.integration.live.conftest import Storyteller
from tests.integration.registry.conftest import GOLDEN, ONNX, SERVER, SIGNATURE

DATA = hashlib.sha256(b"the last months").hexdigest()


@pytest.fixture(autouse=True)
def storage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the API keeps files; before it starts."""
    monkeypatch.setenv("SATELLITE_FILES_STORAGE_URL", tmp_path.as_uri())


def add_version(admin: httpx.Client, number: int, mae: float) -> None:
    """Register a version, and evaluate it."""
    contents = {"model.onnx": ONNX + bytes([number]), "golden.json": GOLDEN}
    files = {
        name: admin.post("/files", params={"name": name}, content=content).raise_for_status().json()["id"]
        for name, content in contents.items()
    }
    body: dict[str, Any] = {"plugin_name": "loader", "files": files, "metrics": {"loss": number / 10}}
    admin.post("/models/doubler/versions", json=body).raise_for_status()
    evaluation = {"data_digest": DATA, "data_name": "months", "metrics": {"mae": mae}}
    admin.post(f"/models/doubler/versions/{number}/evaluations", json=evaluation).raise_for_status()


def add_doubler(admin: httpx.Client) -> None:
    """Register a model with three versions, of which the second is the champion and the third worse."""
    admin.post("/plugins", json=SERVER).raise_for_status()
    model = {"name": "doubler", "description": "Doubles numbers.", "signature": SIGNATURE}
    admin.post("/models", json=model).raise_for_status()
    for number, mae in enumerate((4.0, 3.0, 9.0), start=1):
        add_version(admin, number, mae)
    admin.put("/models/doubler/aliases/champion", json={"version": 2}).raise_for_status()
    gate = {"metric": "mae", "higher_is_better": False, "at_most": 5, "data_digest": DATA}
    admin.put("/models/doubler/gate", json=gate).raise_for_status()


async def move_champion(page: Page, version: int) -> None:
    """Ask for the alias `champion` to name a version."""
    await page.get_by_role("button", name=f"to version {version}").click()


async def test_versions_are_compared_promoted_and_rolled_back(
    page: Page, api_url: str, admin: httpx.Client
) -> None:
    await page.goto(f"{api_url}/dashboard/models")
    await expect(page.get_by_text("No model is registered")).to_be_visible()
    add_doubler(admin)
    await page.reload()
    await expect(page.get_by_role("row", name="doubler")).to_contain_text("champion → 2")
    await picture(page, "models")
    await page.get_by_role("link", name="doubler", exact=True).click()
    await page.get_by_label("Compare version 3").check()
    await page.get_by_label("Compare version 1").check()
    await expect(page).to_have_url(f"{api_url}/dashboard/models/doubler?compare=1%2C3")
    await page.reload()
    comparison = page.get_by_role("region", name="Numbers beside each other")
    await expect(comparison.get_by_role("row", name="mae")).to_contain_text("months4 9 +5")
    await expect(comparison.get_by_role("row", name="loss")).to_contain_text("0.3 +0.2")
    await picture(page, "model")
    assert await serious_faults(page) == []

    await move_champion(page, 3)
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Promote").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("mae is 9")
    await expect(dialog.get_by_role("button", name="Move it all the same")).to_be_disabled()
    await dialog.get_by_label("Why it shall be moved").fill("the data was wrong")
    await picture(page, "model-gate")
    assert await serious_faults(page) == []
    await dialog.get_by_role("button", name="Move it all the same").click()
    await expect(page.get_by_text("champion names version 3 now.")).to_be_visible()
    moved = admin.get("/audit", params={"limit": 1}).json()["items"][0]
    assert "the data was wrong" in str(moved)
    await move_champion(page, 2)
    await dialog.get_by_role("button", name="Roll back").click()
    await expect(page.get_by_text("champion names version 2 now.")).to_be_visible()
    assert admin.get("/models/doubler").json()["aliases"] == {"champion": 2}


async def test_a_version_is_seen_tried_and_asked(
    page: Page, api_url: str, admin: httpx.Client, story: Storyteller
) -> None:
    add_doubler(admin)
    await page.goto(f"{api_url}/dashboard/models/doubler?tab=card&version=1")
    await expect(page.get_by_role("region", name="Evaluations")).to_contain_text("mae = 4")
    await expect(page.get_by_role("region", name="Files")).to_contain_text("model.onnx")
    await picture(page, "model-card")
    await page.get_by_role("button", name="Rollout").click()
    await expect(page.get_by_text("There has been no rollout")).to_be_visible()
    await page.get_by_role("button", name="Begin a rollout").click()
    await page.get_by_label("Version that is tried").fill("1")
    await picture(page, "model-rollout-form")
    await page.get_by_role("button", name="Try it", exact=True).click()
    await expect(page.get_by_text("champion: version 1 beside version 2")).to_be_visible()
    assert admin.get("/models/doubler/rollout").json()["percent"] == 10
    await picture(page, "model-rollout")
    assert await serious_faults(page) == []
    await page.get_by_role("button", name="Stop it").click()
    await expect(page.locator("main .tag", has_text="stopped")).to_be_visible()

    await page.get_by_role("button", name="Ask", exact=True).click()
    await page.get_by_label("Who is asked").select_option("doubler@2")
    await page.get_by_role("button", name="JSON", exact=True).click()
    await page.get_by_label("Data (JSON)").fill('["one"]')
    await page.locator("form").get_by_role("button", name="Ask", exact=True).click()
    await expect(page.locator("form").get_by_role("alert")).to_contain_text("/data/0")
    await page.get_by_label("Data (JSON)").fill("[21]")
    await page.locator("form").get_by_role("button", name="Ask", exact=True).click()
    answer = page.get_by_role("region", name="Answer")
    await expect(answer).to_contain_text("doubler@2")
    await expect(answer).to_contain_text("queued")
    job_id = admin.get("/jobs").json()["items"][0]["id"]
    await story.start(job_id)
    await story.complete(job_id, "[42]")
    await expect(answer).to_contain_text("42")
    await picture(page, "model-answer")
    assert await serious_faults(page) == []
