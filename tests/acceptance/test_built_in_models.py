"""The models that come with Satellite, asked as jobs on a platform that nobody has done anything to."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.acceptance.platform import Platform

WAIT = {"Prefer": "wait=120"}
SERIES = [1.2, 2.3, 3.1, 2.8, 3.5, 4.2, 3.9, 4.5]
SIDE = 1024


@pytest.fixture
def models(api: httpx.Client, platform: Platform) -> httpx.Client:
    """What asks a platform whose models are there."""
    platform.wait_models_installed()
    return api


def test_a_series_is_forecast_by_the_name_of_its_model(models: httpx.Client) -> None:
    request = {"model_name": "lstm_timeseries", "data": SERIES, "config": {"forecast_steps": 5}}
    answer = models.post("/inference/submit", json=request, headers=WAIT)

    told = answer.json()
    assert (answer.status_code, told["status"], told["model_version"]) == (200, "completed", 1), told
    assert len(told["result"]["forecast"]) == 5
    # Its own weights have answered: what it was trained to say, and not just something.
    assert all(0 < value < 10 for value in told["result"]["forecast"])
    by_alias = models.post(
        "/inference/submit", json=request | {"model_name": "lstm_timeseries@champion"}, headers=WAIT
    ).json()
    assert by_alias["result"] == told["result"]
    refused = models.post("/inference/submit", json=request | {"config": {"forecast_steps": 0}})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/config/forecast_steps")


def test_a_map_of_more_than_a_megabyte_is_segmented_by_reference(models: httpx.Client) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    assert len(file.getvalue()) > 2_000_000
    stored = models.post("/files", params={"name": "map.png"}, content=file.getvalue()).json()["id"]

    told = ask_map(models, {"$file": stored})
    assert told["status"] == "completed", told
    mask = Image.open(io.BytesIO(base64.b64decode(told["result"]["mask"])))
    assert mask.size == (SIDE, SIDE)
    # The text itself is taken too, and both are the same request to the model.
    small = base64.b64encode(png(np.zeros((64, 64, 3), dtype=np.uint8))).decode()
    assert ask_map(models, small)["result"]["land_share"] <= 1
    unreadable = models.post("/files", params={"name": "map.png"}, content=b"no image").json()["id"]
    refused = ask_map(models, {"$file": unreadable})
    assert (refused["status"], refused["error"]["kind"]) == ("failed", "input"), refused


def test_installing_again_changes_nothing(models: httpx.Client, platform: Platform) -> None:
    before = [models.get(f"/models/{name}").json() for name in ("lstm_timeseries", "map_segmentation")]
    stored = models.get("/files").json()["total"]
    done = platform.command("model", "install", "--json")

    assert done.returncode == 0, done.stderr
    assert [each["is_new"] for each in json.loads(done.stdout)] == [False, False]
    assert before == [
        models.get(f"/models/{name}").json() for name in ("lstm_timeseries", "map_segmentation")
    ]
    assert models.get("/files").json()["total"] == stored
    unknown = platform.command("model", "install", "none")
    assert unknown.returncode != 0
    assert "there is no model none; there are: " in unknown.stderr


def test_the_folder_of_its_plugin_is_where_workers_look(models: httpx.Client, platform: Platform) -> None:
    manifest = json.loads((platform.home / "models/lstm-timeseries/plugin.json").read_text())
    versions = models.get("/models/lstm_timeseries/versions").json()["items"]
    assert [each["plugin_version"] for each in versions] == [manifest["version"]]
    assert not list(Path(platform.home / "models").rglob("*.onnx"))


def ask_map(api: httpx.Client, image: Any) -> dict[str, Any]:
    request = {"model_name": "map_segmentation", "data": {"image": image}}
    answer = api.post("/inference/submit", json=request, headers=WAIT)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def png(colours: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(colours).save(file, "PNG")
    return file.getvalue()
