"""Models through the whole platform: registered, asked, exchanged under load, and never half there."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.acceptance.platform import Platform
from tests.fixtures.clients import ClientKind, opened
from tests.fixtures.onnx_files import golden, multiplier
from tests.fixtures.servers import wait_until

SIGNATURE = {
    "input": {"type": "array", "items": {"type": "number"}},
    "output": {"type": "array", "items": {"type": "number"}},
}
WAIT = {"Prefer": "wait=60"}
ASKED = 40


def add_version(api: httpx.Client, name: str, content: bytes, examples: bytes) -> int:
    """Register a version of a model that `onnx-model` loads, and return its number."""
    files = {
        role: api.post("/files", params={"name": role}, content=each).json()["id"]
        for role, each in (("model.onnx", content), ("golden.json", examples))
    }
    answer = api.post(f"/models/{name}/versions", json={"plugin_name": "onnx-model", "files": files})
    assert answer.status_code == 201, answer.text
    version: int = answer.json()["version"]
    return version


def ask(api: httpx.Client, model_name: str, data: Any = (1, 2.5)) -> dict[str, Any]:
    """Ask a model and wait for what becomes of it."""
    request = {"model_name": model_name, "data": list(data)}
    answer = api.post("/inference/submit", json=request, headers=WAIT)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture
def scaler(api: httpx.Client, platform: Platform) -> str:
    """A model of two versions, which double and triple; the first is the champion."""
    platform.wait_worker_ready()
    name = "scaler"
    if api.get(f"/models/{name}").status_code == 404:
        api.post("/models", json={"name": name, "signature": SIGNATURE}).raise_for_status()
        for factor in (2.0, 3.0):
            add_version(api, name, multiplier(factor), golden(factor))
    api.put(f"/models/{name}/aliases/champion", json={"version": 1}).raise_for_status()
    return name


def test_it_is_asked_by_name_alias_and_version(api: httpx.Client, scaler: str) -> None:
    api.put(f"/models/{scaler}/aliases/candidate", json={"version": 2}).raise_for_status()
    told = {name: ask(api, name) for name in (scaler, f"{scaler}@candidate", f"{scaler}@1")}

    assert {name: each["result"] for name, each in told.items()} == {
        scaler: [2.0, 5.0], f"{scaler}@candidate": [3.0, 7.5], f"{scaler}@1": [2.0, 5.0],
    }  # fmt: skip
    job_id = told[f"{scaler}@candidate"]["job_id"]
    assert api.get(f"/inference/result/{job_id}").json() == told[f"{scaler}@candidate"]
    assert api.get(f"/jobs/{job_id}").json()["model"] == f"{scaler}@2"
    refused = api.post("/inference/submit", json={"model_name": scaler, "data": [1, "x"]})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/data/1")


def test_no_request_fails_while_the_alias_is_moved(
    api: httpx.Client, platform: Platform, scaler: str
) -> None:
    ask(api, f"{scaler}@1")
    answers: list[dict[str, Any]] = []

    def keep_asking() -> None:
        with platform.api() as client:
            for _ in range(ASKED):
                answers.append(ask(client, f"{scaler}@champion"))

    askers = [threading.Thread(target=keep_asking) for _ in range(3)]
    for asker in askers:
        asker.start()
    for version in (2, 1, 2):
        api.put(f"/models/{scaler}/aliases/champion", json={"version": version}).raise_for_status()
    for asker in askers:
        asker.join()

    assert Counter(each["status"] for each in answers) == {"completed": 3 * ASKED}
    # Each is answered by the version that it was accepted for.
    assert {each["model_version"]: each["result"] for each in answers if each["model_version"] == 2} == {
        2: [3.0, 7.5]
    }
    assert all(each["result"] == [[2.0, 5.0], [3.0, 7.5]][each["model_version"] - 1] for each in answers)


def test_a_broken_version_is_never_ready_and_the_old_one_goes_on(api: httpx.Client, scaler: str) -> None:
    name = "breakable"
    if api.get(f"/models/{name}").status_code == 404:
        api.post("/models", json={"name": name, "signature": SIGNATURE}).raise_for_status()
    good = add_version(api, name, multiplier(4.0), golden(4.0))
    truncated = add_version(api, name, multiplier(4.0)[:-30], golden(4.0))
    wrong = add_version(api, name, multiplier(5.0), golden(4.0))
    api.put(f"/models/{name}/aliases/champion", json={"version": good}).raise_for_status()

    assert ask(api, name)["result"] == [4.0, 10.0]
    for version, words in ((truncated, "model.onnx"), (wrong, "golden example 1 of 1")):
        told = ask(api, f"{name}@{version}")
        assert (told["status"], told["error"]["kind"]) == ("failed", "image"), told
        assert told["error_message"].startswith(f"The model {name}@{version} did not become ready")
        assert words in told["error"]["stderr_tail"] + told["error_message"]
    assert ask(api, name)["result"] == [4.0, 10.0]
    pickled = api.post("/files", content=b"\x80\x04}\x94.").json()["id"]
    body = {"plugin_name": "onnx-model", "files": {"model.onnx": pickled}}
    refused = api.post(f"/models/{name}/versions", json=body)
    assert (refused.status_code, "is a pickle" in refused.text) == (400, True)


def test_a_candidate_that_does_not_work_is_taken_back_by_itself(api: httpx.Client, scaler: str) -> None:
    broken = add_version(api, scaler, multiplier(7.0)[:-30], golden(7.0))
    rollout = {"candidate": broken, "percent": 50}
    assert api.put(f"/models/{scaler}/rollout", json=rollout).status_code == 201

    failed = []
    deadline = time.monotonic() + 60
    while (told := api.get(f"/models/{scaler}/rollout").json())["status"] == "running":
        assert time.monotonic() < deadline, told
        answer = ask(api, scaler)
        if answer["status"] == "failed":
            assert answer["model_version"] == broken
            failed.append(answer["job_id"])

    assert (told["status"], told["reason"]["why"]) == ("rolled_back", "failures")
    assert len(failed) >= told["reason"]["judged"] >= 3
    assert {ask(api, scaler)["model_version"] for _ in range(5)} == {1}


def test_a_candidate_is_compared_in_the_shadow_of_the_champion(api: httpx.Client, scaler: str) -> None:
    same = add_version(api, scaler, multiplier(2.00001), golden(2.00001))
    api.put(f"/models/{scaler}/rollout", json={"candidate": same, "shadow_percent": 100})
    assert ask(api, scaler)["result"] == [2.0, 5.0]

    def compared() -> bool:
        counts: dict[str, Any] = api.get(f"/models/{scaler}/rollout").json()["counts"]
        return counts.get("shadow") == {"agreed": 1}

    wait_until(compared)
    api.put(f"/models/{scaler}/aliases/champion", json={"version": same}).raise_for_status()
    assert api.get(f"/models/{scaler}/rollout").json()["status"] == "promoted"


@pytest.mark.parametrize("kind", list(ClientKind))
def test_a_version_is_asked_the_same_question_once(api: httpx.Client, scaler: str, kind: ClientKind) -> None:
    url, token = str(api.base_url).removesuffix("/api/v1/"), api.headers["authorization"].split()[1]
    with opened(kind, url, token=token) as client:
        first, again = (client.infer(f"{scaler}@2", [1, 2.5], cache=True) for _ in range(2))
        by_name = client.infer(scaler, [1, 2.5])

    assert (first.result, first.made_by, first.cached) == ([3.0, 7.5], f"{scaler}@2", False)
    assert again == first.model_copy(update={"cached": True})
    assert (by_name.result, by_name.made_by) == ([2.0, 5.0], f"{scaler}@1")
