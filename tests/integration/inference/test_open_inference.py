"""The Open Inference Protocol, version 2."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from tests.integration.inference.test_answers import LSTM, SERIES, picture


def infer(client: httpx.Client, model: str, *inputs: dict[str, Any], **more: Any) -> httpx.Response:
    return client.post(f"/v2/models/{model}/infer", json={"inputs": inputs, **more})


def series(**other: Any) -> dict[str, Any]:
    return {"name": "data", "shape": [8], "datatype": "FP64", "data": SERIES} | other


def test_the_server_and_its_models_describe_themselves(client: httpx.Client) -> None:
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2").json()["name"] == "satellite"
    told = client.get(f"/v2/models/{LSTM}").json()
    assert told["inputs"] == [{"name": "data", "datatype": "FP64", "shape": [-1]}]
    for place in (f"/v2/models/{LSTM}", f"/v2/models/{LSTM}/versions/{told['versions'][0]}"):
        assert client.get(f"{place}/ready").json() == {"name": LSTM, "ready": True}


def test_tensors_go_in_and_come_out(client: httpx.Client) -> None:
    answer = infer(client, LSTM, series(), id="seven", parameters={"forecast_steps": 3})
    (forecast,) = answer.raise_for_status().json()["outputs"]

    direct = client.post(
        "/api/v1/predict", json={"model_name": LSTM, "data": SERIES, "config": {"forecast_steps": 3}}
    )
    assert answer.json()["id"] == "seven"
    assert forecast == {
        "name": "forecast", "shape": [3], "datatype": "FP64", "data": direct.json()["result"]["forecast"],
    }  # fmt: skip


def test_outputs_are_those_that_are_wanted(client: httpx.Client) -> None:
    image = base64.b64encode(picture()).decode()
    tensor = {"name": "image", "shape": [1], "datatype": "BYTES", "data": [image]}
    answer = infer(client, "map_segmentation", tensor, outputs=[{"name": "land_share"}]).json()

    assert [(each["name"], each["datatype"], each["shape"]) for each in answer["outputs"]] == [
        ("land_share", "FP64", [1])
    ]
    none = infer(client, "map_segmentation", tensor, outputs=[{"name": "none"}])
    assert (none.status_code, list(none.json())) == (400, ["error"])


@pytest.mark.parametrize(
    ("tensor", "pointer"),
    [
        (series(shape=[9]), "/inputs/0/data"),
        (series(shape=[2, 4]), "/inputs/0/shape"),
        (series(shape=[-8]), "/inputs/0/shape"),
        (series(datatype="INT8"), "/inputs/0/datatype"),
        (series(datatype="FP128"), "/inputs/0/datatype"),
        (series(data=[*SERIES[:7], "x"]), "/inputs/0/data/7"),
        (series(data=[*SERIES[:7], True]), "/inputs/0/data/7"),
        (series(name="other"), "/inputs/0/name"),
        (series(data=1), "/inputs/0/data"),
        (series(further=1), "/inputs/0/further"),
    ],
)
def test_a_tensor_that_does_not_fit_is_told_where(
    client: httpx.Client, tensor: dict[str, Any], pointer: str
) -> None:
    answer = infer(client, LSTM, tensor)

    assert answer.status_code == 400
    assert answer.json().keys() == {"error"}
    assert answer.json()["error"].startswith(f"{pointer}:")


def test_what_is_no_number_is_refused(client: httpx.Client) -> None:
    body = '{"inputs": [{"name": "data", "shape": [2], "datatype": "FP64", "data": [1, NaN]}]}'
    answer = client.post(f"/v2/models/{LSTM}/infer", content=body)
    assert (answer.status_code, answer.json()["error"][:17]) == (400, "/inputs/0/data/1:")


@pytest.mark.parametrize("place", ["none", f"{LSTM}/versions/none"])
def test_unknown_models_and_versions_are_not_found(client: httpx.Client, place: str) -> None:
    for answer in (
        client.get(f"/v2/models/{place}"),
        client.get(f"/v2/models/{place}/ready"),
        client.post(f"/v2/models/{place}/infer", json={"inputs": [series()]}),
    ):
        assert (answer.status_code, list(answer.json())) == (404, ["error"])


def test_it_wants_a_key_as_all_do(client: httpx.Client) -> None:
    answer = httpx.get(client.base_url.join(f"/v2/models/{LSTM}"))
    assert (answer.status_code, list(answer.json())) == (401, ["error"])
