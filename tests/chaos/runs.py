"""Runs of a workflow in the mix: a fan-out, a condition that does not hold, and joins, begun all the time."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from tests.acceptance.platform import Platform
from tests.chaos.client import connect, persist
from tests.chaos.plugins import ONESHOT
from tests.chaos.submission import Submission
from tests.chaos.work import Kind

OPEN_AT_MOST = 3
LOOK_S = 0.2
ITEMS = 3
FIRST_NUMBER = 1_000_000
"""Of marks: jobs that are no steps have the numbers below it."""
NUMBERS = 10
"""Of each run; its steps take theirs by their places."""
STEP = Kind(name="step of a run", share=0)
STEPS = {
    ("begin", None): 1, **{("each", item): 1 for item in range(ITEMS)}, ("beside", None): 1,
    ("join", None): 1, ("end", None): 1,
}  # fmt: skip
"""What each run has, each once."""
SKIPPED = "never"


@dataclass(kw_only=True)
class RunAsked:
    """One run that is asked for."""

    number: int
    run_id: int | None = None
    """None until the platform has accepted it."""


class RunLoad(threading.Thread):
    """Begins runs until told to stop; all that it asked for stands in `runs`, accepted or not."""

    def __init__(self, platform: Platform, *, seed: int) -> None:
        super().__init__(daemon=True)
        self._platform = platform
        self._seed = seed
        self._numbers = itertools.count()
        self._stopping = threading.Event()
        self.runs: list[RunAsked] = []
        with connect(platform) as client:
            self._workflow_id = deploy(client)

    def run(self) -> None:
        with connect(self._platform) as client:
            while not self._stopping.is_set():
                if count_open(client) < OPEN_AT_MOST:
                    self._begin(client)
                else:
                    self._stopping.wait(LOOK_S)

    def stop(self, *, timeout_s: float = 120) -> None:
        """Begin no more."""
        self._stopping.set()
        self.join(timeout_s)

    def _begin(self, client: httpx.Client) -> None:
        asked = RunAsked(number=next(self._numbers))
        # Before it is sent: what never gets an answer counts as lost.
        self.runs.append(asked)
        params = {"first": FIRST_NUMBER + asked.number * NUMBERS, "items": list(range(ITEMS))}
        headers = {"Idempotency-Key": f"chaos-run-{self._seed}-{asked.number}"}
        path = f"/jobs/trigger/{self._workflow_id}"
        asked.run_id = persist(lambda: client.post(path, json={"params": params}, headers=headers))["id"]


def deploy(client: httpx.Client) -> int:
    """Make the workflow, and return its id."""
    stated = {"name": "chaos", "tasks": list(_tasks())}
    workflow_id: int = client.post("/workflows", json=stated).raise_for_status().json()["id"]
    client.post(f"/workflows/{workflow_id}/deploy").raise_for_status()
    return workflow_id


def count_open(client: httpx.Client) -> int:
    """Return how many runs have not ended."""
    pages = [
        persist(lambda each=each: client.get("/jobs", params={"kind": "run", "status": each, "limit": 1}))  # type: ignore[misc]
        for each in ("queued", "processing")
    ]
    return sum(page["total"] for page in pages)


def step_of(job: dict[str, Any]) -> Submission:
    """Return the submission that a step's job would have been."""
    number = job["input_data"]["number"]
    return Submission(number=number, kind=STEP, body={}, key="", job_id=job["id"])


def _tasks() -> Iterator[dict[str, Any]]:
    yield _task("begin", "params.first")
    yield _task("each", "params.first + 1 + item", "begin", map_over="params.items", max_parallel=2)
    yield _task("beside", "params.first + 5", "begin")
    yield _task(SKIPPED, "params.first + 6", "beside", when="results.beside.number < 0")
    yield _task("join", "params.first + 7", "each", "beside", SKIPPED)
    yield _task("end", "params.first + 8", "join")


def _task(name: str, number: str, *after: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name, "kind": "plugin", "plugin_name": ONESHOT, "dependencies": list(after),
        "input": {"number": "${{ " + number + " }}", "how": "work", "seconds": 0.3}, **fields,
    }  # fmt: skip
