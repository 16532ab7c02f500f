"""Each way of failing ends with its own `error.kind`."""

from __future__ import annotations

import httpx
import pytest

from tests.acceptance.platform import submit, wait_for_job

NO_RETRY = {"max_retries": 0}


@pytest.mark.parametrize(
    ("how", "extra", "kind"),
    [
        ("exit", {}, "exit"),
        ("bad_json", {}, "output"),
        ("two_values", {}, "output"),
        ("wrong_schema", {}, "output"),
        ("huge_output", {"megabytes": 20}, "output"),
        ("loop", {}, "timeout"),
        ("memory", {}, "oom"),
        ("refuse", {}, "input"),
        ("kill", {}, "killed"),
    ],
)
def test_each_failure_has_its_kind(api: httpx.Client, how: str, extra: dict[str, object], kind: str) -> None:
    timeout_s = 3 if how == "loop" else 60
    job = submit(api, "example-failing", {"how": how, **extra}, timeout_s=timeout_s, **NO_RETRY)

    done = wait_for_job(api, job["id"])

    assert done["status"] == "failed"
    assert done["error"]["kind"] == kind, done["error"]
    assert done["error_message"] == done["error"]["message"]


def test_a_retryable_failure_is_tried_again_and_then_stands_in_the_dead_letters(api: httpx.Client) -> None:
    job = submit(api, "example-failing", {"how": "exit"}, max_retries=1)

    done = wait_for_job(api, job["id"])

    assert done["attempt"] == 2
    letters = api.get("/dead-letters", params={"plugin_name": "example-failing"}).json()["items"]
    assert job["id"] in [letter["id"] for letter in letters]


def test_a_running_job_is_cancelled(api: httpx.Client) -> None:
    job = submit(api, "example-failing", {"how": "sleep", "seconds": 60})

    assert api.post(f"/jobs/{job['id']}/cancel").status_code == 202
    done = wait_for_job(api, job["id"], timeout_s=30)

    assert done["status"] == "cancelled"
    assert api.post(f"/jobs/{job['id']}/cancel").status_code == 409
