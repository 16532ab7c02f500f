"""Values through the whole platform: to a plugin in a container and back, unchanged or refused."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.acceptance.platform import wait_for_job
from tests.integration.live.test_exact_values import VALUES
from tests.plugins.folders import REPOSITORY_ROOT

ECHO = """
import sys
text = sys.stdin.read()
print("[" * 1000 + "]" * 1000 if text == '"nest"' else "[1e400]" if text == '"overflow"' else text)
"""


@pytest.fixture
def echo(api: httpx.Client) -> str:
    """A plugin that answers its input, in an image that stands here anyway."""
    [worker] = api.get("/workers").json()["items"]
    if worker["runtime"] != "container":
        pytest.skip("a plugin without source needs a container engine")
    image = json.loads((REPOSITORY_ROOT / "plugins/example-failing/plugin.json").read_text())["docker_image"]
    manifest: dict[str, Any] = {
        "name": "echo", "version": "1", "docker_image": image, "input_schema": {}, "output_schema": {},
        "command": ["python", "-c", ECHO], "standby": 1,
    }  # fmt: skip
    assert api.post("/plugins", json=manifest).status_code in {200, 201}
    return "echo"


def submit(api: httpx.Client, plugin: str, values: list[str]) -> list[int]:
    jobs = ",".join(f'{{"plugin_name": "{plugin}", "input_data": {value}}}' for value in values)
    answer = api.post(
        "/jobs/batch", content=f'{{"jobs": [{jobs}]}}', headers={"content-type": "application/json"}
    )
    assert answer.status_code == 202, answer.text
    ids: list[int] = answer.json()["ids"]
    return ids


def test_values_come_back_unchanged_and_bad_results_stop_nobody(api: httpx.Client, echo: str) -> None:
    ids = submit(api, echo, [*VALUES.values(), '"nest"', '"overflow"', *VALUES.values()])

    for job_id, value in zip(ids, [*VALUES.values(), "nest", "overflow", *VALUES.values()], strict=True):
        job = wait_for_job(api, job_id)
        if value in {"nest", "overflow"}:
            assert (job["status"], job["error"]["kind"], job["attempt"]) == ("failed", "output", 1)
            assert "The result is refused" in job["error_message"]
        else:
            assert job["status"] == "completed", job["error"]
            shown = api.get(f"/jobs/{job_id}").text
            assert (f'"result" : {value},' in shown, f'"input_data" : {value},' in shown) == (True, True), (
                shown
            )
            assert f'"result":{value},' in api.get(f"/jobs/{job_id}/events").text
