"""The pathfinding example: a way over predicted water, also while the model is away."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from satellite.local.ports import find_free_port
from tests.fixtures.servers import running
from tests.integration.inference.server import KEY, running_server
from tests.plugins.folders import REPOSITORY_ROOT

EXAMPLE = REPOSITORY_ROOT / "examples/pathfinding"
MAP = EXAMPLE / "maps/east-asia.jpg"
BOUNDS = "95,-10,140,45"
BUSAN, SINGAPORE = (129.05, 35.05), (103.85, 1.2)
WIDTH, HEIGHT = 540, 660
KILOMETRES = 4_845
"""Busan to Singapore on a map of the same source, measured on its true coast (4,842) and a predicted one."""


def pixel(place: tuple[float, float]) -> str:
    longitude, latitude = place
    return f"{(longitude - 95) / 45 * WIDTH:.0f},{(45 - latitude) / 55 * HEIGHT:.0f}"


def upload(client: httpx.Client, **fields: str) -> httpx.Response:
    form = {"start": pixel(BUSAN), "goal": pixel(SINGAPORE), "bounds": BOUNDS, **fields}
    return client.post("/api/v1/maps/upload", files={"image": MAP.read_bytes()}, data=form)


def found(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    way: dict[str, Any] = answer.json()
    return way


@contextlib.contextmanager
def running_example(inference_url: str, **settings: str) -> Iterator[httpx.Client]:
    port = find_free_port()
    command = [sys.executable, "-m", "uvicorn", "pathfinding.main:app", "--port", str(port)]
    environment = os.environ | {
        "ML_INFERENCE_URL": inference_url,
        "ML_INFERENCE_API_KEY": KEY,
        "ML_INFERENCE_PAUSE": "0.2",
        **settings,
    }
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:

        def answers() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return client.get("/health").status_code == 200
            return False

        with running(command, ready=answers, env=environment, cwd=EXAMPLE):
            yield client


def test_the_way_is_found_without_the_model_too_and_with_it_again(tmp_path: Path) -> None:
    port = str(find_free_port())
    settings = {"SATELLITE_INFERENCE_PRELOAD": "map_segmentation", "SATELLITE_INFERENCE_PORT": port}
    with running_example(f"http://127.0.0.1:{port}") as client:
        with running_server(tmp_path, **settings):
            first = found(upload(client))
        second = found(upload(client))
        with running_server(tmp_path, **settings):
            third = found(upload(client))

    assert [way["degraded"] for way in (first, second, third)] == [False, True, False]
    assert [way["made_by"].partition("@")[0] for way in (first, second)] == ["map_segmentation", "cv"]
    assert first["length_km"] == third["length_km"] == pytest.approx(KILOMETRES, rel=0.05)
    with Image.open(io.BytesIO(base64.b64decode(first["drawing"]))) as drawing:
        assert drawing.size == (WIDTH, HEIGHT)
        # Yellow where the way is.
        assert tuple(np.asarray(drawing)[first["path"][100][1], first["path"][100][0]]) == (255, 221, 51)


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"start": "1"}, 400, "start: must be 2 numbers"),
        ({"goal": "1,nan"}, 400, "goal: must be finite"),
        ({"bounds": "140,-10,95,45"}, 400, "bounds: must be west"),
        ({"over": "air"}, 422, "'water' or 'land'"),
    ],
)
def test_bad_input_is_named(example: httpx.Client, fields: dict[str, str], status: int, words: str) -> None:
    answer = upload(example, **fields)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


def test_what_is_no_image_is_refused(example: httpx.Client) -> None:
    form = {"start": "0,0", "goal": "1,1"}
    answer = example.post("/api/v1/maps/upload", files={"image": b"no image"}, data=form)
    assert (answer.status_code, "cannot be read" in answer.text) == (400, True)


def test_without_a_fallback_it_says_that_the_model_is_away() -> None:
    nobody = f"http://127.0.0.1:{find_free_port()}"
    with running_example(nobody, ENABLE_ML_FALLBACK="false") as client:
        answer = upload(client)
    assert (answer.status_code, "The model is away" in answer.text) == (503, True)


@pytest.fixture(scope="module")
def example() -> Iterator[httpx.Client]:
    """The example without a model."""
    with running_example(f"http://127.0.0.1:{find_free_port()}") as client:
        yield client
