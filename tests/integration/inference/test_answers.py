"""What the direct lane answers, and what it says of requests that it refuses."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

import httpx
import pytest
from PIL import Image

from analysis_server.models.catalog import find_models

SERIES = [1.2, 2.3, 3.1, 2.8, 3.5, 4.2, 3.9, 4.5]
LSTM = "lstm_timeseries"


def picture(form: str = "PNG", size: tuple[int, int] = (96, 64)) -> bytes:
    """Return the open sea with an island of sand."""
    image = Image.new("RGB", size, (8, 26, 66))
    image.paste((186, 160, 118), (24, 16, 72, 48))
    file = io.BytesIO()
    image.save(file, form)
    return file.getvalue()


def claiming_size(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that says it is of some size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b"")]
    told = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(told)


def upload(client: httpx.Client, image: bytes, **fields: str) -> httpx.Response:
    return client.post("/api/v1/segment", files={"image": ("map.png", image)}, data=fields)


def predict(client: httpx.Client, **asked: Any) -> httpx.Response:
    return client.post("/api/v1/predict", json={"model_name": LSTM, **asked})


def decoded(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text)))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_map_is_segmented(client: httpx.Client, form: str) -> None:
    answer = upload(client, picture(form)).raise_for_status().json()

    assert answer["made_by"] == f"map_segmentation@{find_models()['map_segmentation'].version()}"
    assert answer["degraded"] is False
    assert (answer["width"], answer["height"]) == (96, 64)
    assert decoded(answer["mask"]).size == decoded(answer["overlay"]).size == (96, 64)
    land = sum(decoded(answer["mask"]).convert("L").point(lambda value: value > 127).tobytes())
    assert answer["land_share"] == round(land / (96 * 64), 4)
    assert all(len(outline["points"]) >= 4 for outline in answer["polygons"])


def test_outlines_and_drawing_may_be_left_out(client: httpx.Client) -> None:
    answer = upload(client, picture(), polygons="false", overlay="false").json()

    assert not answer.keys() & {"polygons", "overlay"}
    assert answer["mask"]


@pytest.mark.parametrize(
    ("image", "status", "code"),
    [
        (b"GIF89a" + b"\0" * 100, 415, "image_type_refused"),
        (b"", 415, "image_type_refused"),
        (picture()[:120], 400, "input_invalid"),
        (claiming_size(30_000, 30_000), 400, "input_invalid"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 110_000, 413, "body_too_large"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 1_000_000, 413, "body_too_large"),
    ],
)
def test_an_upload_is_refused_by_what_it_is(
    client: httpx.Client, image: bytes, status: int, code: str
) -> None:
    answer = upload(client, image)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_says_nothing_of_its_size_is_not_read_for_ever(client: httpx.Client) -> None:
    answer = client.post("/api/v1/predict", content=(b" " * 10_000 for _ in range(100)))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "sent", [{"files": {"file": b"x"}}, {"data": {"image": "x"}}, {"json": {}}, {"content": b"x"}]
)
def test_what_is_no_form_with_an_image_is_refused(client: httpx.Client, sent: dict[str, Any]) -> None:
    assert client.post("/api/v1/segment", **sent).json()["code"] == "upload_malformed"


def test_a_series_is_forecast(client: httpx.Client) -> None:
    answer = predict(client, data=SERIES, config={"forecast_steps": 5}).raise_for_status().json()

    assert len(answer["result"]["forecast"]) == 5
    assert answer["model_name"] == LSTM
    assert answer["made_by"] == f"{LSTM}@{answer['model_version']}"


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"data": [1, "x", 2]}, "/data/1"),
        ({"data": [[1, 2], [3, 4]]}, "/data/0"),
        ({"data": [1]}, "/data"),
        ({"data": SERIES, "config": {"forecast_steps": 0}}, "/config/forecast_steps"),
        ({"data": SERIES, "further": 1}, "/further"),
        ({}, ""),
        ({"data": SERIES, "items": [{"data": SERIES}]}, ""),
    ],
)
def test_a_request_that_does_not_fit_is_told_where(
    client: httpx.Client, asked: dict[str, Any], pointer: str
) -> None:
    answer = predict(client, **asked)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_what_is_no_number_is_told_where(client: httpx.Client, number: str) -> None:
    body = f'{{"model_name": "{LSTM}", "data": [1, {number}]}}'
    answer = client.post("/api/v1/predict", content=body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/data/1")


def test_one_bad_item_of_a_batch_fails_alone(client: httpx.Client) -> None:
    items = [{"data": SERIES, "config": {"forecast_steps": steps}} for steps in range(1, 32)]
    answer = predict(client, items=[*items, {"data": ["x", 1]}]).raise_for_status().json()

    *good, bad = answer["items"]
    assert [len(item["result"]["forecast"]) for item in good] == list(range(1, 32))
    assert bad["error"]["code"] == "input_invalid"
    assert bad["error"]["errors"][0]["pointer"] == "/items/31/data/0"


def test_an_image_that_only_the_model_can_refuse_fails_alone(client: httpx.Client) -> None:
    images = [base64.b64encode(each).decode() for each in (picture(), b"no image", picture())]
    items = [{"data": {"image": image}} for image in images]
    answer = predict(client, model_name="map_segmentation", items=items).json()

    assert ["result" in item for item in answer["items"]] == [True, False, True]
    assert answer["items"][1]["error"]["status"] == 400


def test_a_model_that_is_none_is_not_found(client: httpx.Client) -> None:
    assert predict(client, model_name="none", data=1).status_code == 404
    assert upload(client, picture(), model_name="none").status_code == 404
    assert client.get("/api/v1/model/info", params={"model_name": "none"}).status_code == 404
    assert client.get("/api/v1/nothing").json()["code"] == "not_found"


def test_models_tell_what_they_are(client: httpx.Client) -> None:
    every = client.get("/api/v1/model/info").json()
    one = client.get("/api/v1/model/info", params={"model_name": "map_segmentation"}).json()["items"][0]

    assert {model["name"] for model in every["items"]} == set(find_models())
    assert one["loaded"] is True
    assert one["metrics"]["iou_land"] >= 0.93
    assert one["input_schema"]["required"] == ["data"]


def test_only_who_shows_a_key_may_ask(client: httpx.Client) -> None:
    asked = client.build_request("POST", "/api/v1/predict", json={"model_name": LSTM, "data": SERIES})
    for key, status in ((None, 401), ("another", 403)):
        headers = {} if key is None else {"X-API-Key": key}
        assert httpx.post(asked.url, content=asked.content, headers=headers).status_code == status
    health = httpx.get(client.base_url.join("/api/v1/health")).json()
    assert (health["status"], health["model_loaded"]) == ("healthy", True)
