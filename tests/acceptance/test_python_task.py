"""A snippet of Python runs on the platform as a step would, and is told which attempt it is."""

from __future__ import annotations

import httpx

from tests.acceptance.platform import submit, wait_for_job

CODE = """
import pandas as pd

def main(context):
    number = context["ti"].try_number
    print(f"attempt {number}")
    if number == 1:
        raise ValueError("not yet")
    return pd.DataFrame({"n": [number]}).shape
"""
CONTEXT = {
    "task_id": "train",
    "dag_id": "workflow_3",
    "workflow": "pipeline",
    "run_id": 17,
    "params": {},
    "logical_date": "2026-11-30T00:00:00Z",
    "data_interval_start": "2026-11-29T00:00:00Z",
    "data_interval_end": "2026-11-30T00:00:00Z",
}


def test_a_snippet_that_fails_at_first_completes_at_its_second_attempt(api: httpx.Client) -> None:
    asked = {"action": "run", "code": CODE, "context": CONTEXT, "xcoms": {}}

    done = wait_for_job(api, submit(api, "python-task", asked, max_retries=1)["id"], timeout_s=600)

    assert (done["status"], done["attempt"]) == ("completed", 2), done
    assert done["result"] == {"xcoms": {"return_value": {"$type": "tuple", "value": [1, 1]}}}
    assert done["input_data"] == asked
    log = api.get(f"/jobs/{done['id']}/logs", params={"attempt": 1}).text
    assert "ValueError: not yet  (line 8)" in log
