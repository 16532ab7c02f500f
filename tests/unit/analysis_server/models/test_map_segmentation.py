"""`map_segmentation`, with the network that comes with it."""

from __future__ import annotations

import base64
import io
import json
import re
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

import analysis_server.models.segmentation.map_segmentation as module
from analysis_server.core.model_registry import model_registry
from satellite.plugin import InputRefused
from satellite.plugin.model.answering import Steps
from satellite.plugin.model.serving import load_model


@pytest.fixture(scope="module")
def steps() -> Steps:
    """The model, loaded and held to its golden examples."""
    return load_model(model_registry.get("map_segmentation"))


def encoded(image: Image.Image, form: str = "PNG") -> str:
    file = io.BytesIO()
    image.save(file, form)
    return base64.b64encode(file.getvalue()).decode()


def segment(steps: Steps, image: Any) -> Any:
    (answer,) = steps.answer_all([{"data": {"image": image}}])
    return answer


def claiming_size(width: int, height: int) -> str:
    """Return a PNG of a few bytes that says it is of some size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b"")]
    told = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(told)).decode()


def test_it_is_good_where_it_was_not_trained() -> None:
    metrics = json.loads((module.FILES / "metrics.json").read_bytes())
    assert metrics["iou_land"] >= 0.93
    assert metrics["iou_water"] >= 0.93
    assert len(json.loads((module.FILES / "golden.json").read_bytes())) >= 3


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_the_open_sea_is_water(steps: Steps, form: str) -> None:
    answer = segment(steps, encoded(Image.new("RGB", (64, 64), (10, 20, 50)), form))
    assert answer["land_share"] < 0.05


@pytest.mark.parametrize("size", [(1, 1), (63, 17), (100, 40)])
def test_any_size_is_answered_in_that_size(steps: Steps, size: tuple[int, int]) -> None:
    answer = segment(steps, encoded(Image.new("RGBA", size, (120, 110, 60, 255))))
    with Image.open(io.BytesIO(base64.b64decode(answer["mask"]))) as mask:
        assert mask.size == size
        assert set(np.unique(np.asarray(mask))) <= {0, 255}


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (None, "/data/image must be an image in base64"),
        ("not base64!", "/data/image is not base64"),
        (base64.b64encode(b"no image").decode(), "cannot be read"),
        (encoded(Image.new("RGB", (64, 64)))[:80], "cannot be read"),
        (encoded(Image.new("RGB", (8, 8)), "GIF"), "must be one of PNG, JPEG, WEBP"),
        (claiming_size(2049, 8), "2049 x 8, at most 2048"),
        (claiming_size(60_000, 60_000), "at most 2048|cannot be read"),
    ],
)
def test_a_bad_image_is_refused(steps: Steps, image: Any, told: str) -> None:
    answer = segment(steps, image)
    assert isinstance(answer, InputRefused)
    assert re.search(told, str(answer))
