"""Steps of workflows against the same work as single jobs: chains, a fan-out and its join, Python tasks."""

from __future__ import annotations

import contextlib
import statistics
import time
from datetime import datetime
from typing import Any

import httpx

from tests.acceptance.platform import Platform
from tests.fixtures.servers import wait_until
from tests.performance.figure import Figure
from tests.performance.warm_client import WAIT, WARM, WarmClient

CHAIN = 20
FAN_OUT = 1_000
BESIDE = 1_980
SNIPPETS = 2
"""As many as there are containers on standby; a third would wait for the imports of a new one."""
SNIPPET = "import pandas as pd\ncontext['ti'].xcom_push(key='rows', value=len(pd.DataFrame({'a': [1, 2]})))"
PYTHON_JOB_INPUT: dict[str, Any] = {
    "action": "run",
    "code": SNIPPET,
    "context": {
        "task_id": "alone", "dag_id": "workflow_0", "workflow": "bench", "run_id": 1, "params": {},
        **dict.fromkeys(("logical_date", "data_interval_start", "data_interval_end"), "2026-01-01T00:00:00Z"),
    },
    "xcoms": {},
}  # fmt: skip


def measure(platform: Platform, *, rounds: int) -> list[Figure]:
    """Compare in turn, because this machine's speed changes from minute to minute."""
    with platform.api() as api, contextlib.closing(WarmClient(api)) as client:
        chain = deploy(api, "bench-chain", chain_of())
        fan = deploy(api, "bench-fan", fan_out())
        large = deploy(api, "bench-large", [*chain_of(), *beside()])
        trips, steps, batches, fans, in_large = [], [], [], [], []
        run(api, chain)
        for _ in range(rounds):
            trips += [client.run_job_ms() for _ in range(CHAIN)]
            steps.append(run(api, chain) / CHAIN)
            batches.append(batch_ms(client))
            fans.append(run(api, fan))
            in_large.append(run(api, large) / CHAIN)
        figures = [
            Figure(name="step of a chain of warm jobs", value=statistics.median(steps), unit="ms",
                   floor=statistics.median(trips), floor_name="warm job over REST", target="<= 1.3 x"),
            Figure(name=f"fan-out of {FAN_OUT} and its join", value=statistics.median(fans), unit="ms",
                   floor=statistics.median(batches), floor_name=f"POST /jobs/batch of {FAN_OUT}",
                   target="<= 1.3 x"),
            Figure(name=f"step of a chain beside {BESIDE} other tasks",
                   value=statistics.median(in_large), unit="ms",
                   floor=statistics.median(steps), floor_name="step of a chain alone", target="<= 1.3 x"),
            graph_figure(api, large),
        ]  # fmt: skip
        return figures + snippets(api, rounds=rounds)


def snippets(api: httpx.Client, *, rounds: int) -> list[Figure]:
    """Compare Python tasks with single jobs of their plugin, which both use containers on standby."""
    version = deploy(
        api, "bench-snippets", [
            {"name": f"t{n}", "python_callable": SNIPPET, "dependencies": [f"t{n - 1}"] if n else []}
            for n in range(SNIPPETS)
        ],
    )  # fmt: skip
    single, steps = [], []
    for _ in range(rounds):
        for _ in range(SNIPPETS):
            time.sleep(1.5)  # What was used is replaced meanwhile.
            began = time.perf_counter()
            job = api.post(
                "/jobs", json={"plugin_name": "python-task", "input_data": PYTHON_JOB_INPUT}, headers=WAIT
            ).json()
            single.append((time.perf_counter() - began) * 1000)
            assert job["status"] == "completed", job
        time.sleep(3)
        steps.append(run(api, version) / SNIPPETS)
    return [
        Figure(name="step of a chain of Python tasks", value=statistics.median(steps), unit="ms",
               floor=statistics.median(single), floor_name="single job of python-task", target="<= 1.3 x"),
    ]  # fmt: skip


def warm(name: str, before: str | None, **fields: Any) -> dict[str, Any]:
    return {
        "name": name, "kind": "plugin", "plugin_name": WARM["plugin_name"], "input": WARM["input_data"],
        "dependencies": [] if before is None else [before], **fields,
    }  # fmt: skip


def chain_of(steps: int = CHAIN) -> list[dict[str, Any]]:
    return [warm(f"t{n}", f"t{n - 1}" if n else None) for n in range(steps)]


def beside() -> list[dict[str, Any]]:
    """Tasks that the end of the chain skips all at once."""
    return [warm(f"s{n}", f"t{CHAIN - 1}", when="false") for n in range(BESIDE)]


def graph_figure(api: httpx.Client, workflow_id: int) -> Figure:
    """Measure how long the graph of a large run takes to be shown."""
    (newest,) = api.get("/jobs", params={"workflow_id": workflow_id, "limit": 1}).json()["items"]
    times = []
    for _ in range(10):
        began = time.perf_counter()
        graph = api.get(f"/runs/{newest['id']}/graph").raise_for_status().json()
        times.append((time.perf_counter() - began) * 1000)
    assert len(graph["nodes"]) == CHAIN + BESIDE
    return Figure(name=f"graph of a run of {CHAIN + BESIDE} tasks", value=statistics.median(times), unit="ms",
                  target="<= 200 ms")  # fmt: skip


def fan_out() -> list[dict[str, Any]]:
    return [
        warm("begin", None),
        warm("each", "begin", map_over="params.items"),
        warm("join", "each"),
    ]


def deploy(api: httpx.Client, name: str, tasks: list[dict[str, Any]]) -> int:
    """Make and deploy a workflow, and return its id."""
    made = api.post("/workflows", json={"name": name, "tasks": tasks}).raise_for_status().json()
    workflow_id = int(made["id"])
    api.post(f"/workflows/{workflow_id}/deploy", timeout=60).raise_for_status()
    return workflow_id


def run(api: httpx.Client, workflow_id: int, params: dict[str, Any] | None = None) -> float:
    """Return the milliseconds from the trigger of a run to its end, by the clock of the database."""
    stated = {"items": list(range(FAN_OUT))} if params is None else params
    begun = api.post(f"/jobs/trigger/{workflow_id}", json={"params": stated}).raise_for_status().json()
    ended: dict[str, Any] = {}

    def is_over() -> bool:
        ended.update(api.get(f"/jobs/{begun['id']}", headers=WAIT).raise_for_status().json())
        return ended["completed_at"] is not None

    wait_until(is_over, timeout_s=120)
    assert ended["status"] == "completed", ended["error"]
    times = [datetime.fromisoformat(ended[name]) for name in ("created_at", "completed_at")]
    return (times[1] - times[0]).total_seconds() * 1000


def batch_ms(client: WarmClient) -> float:
    """Return the milliseconds from the submission of many jobs at once to the last result."""
    began = time.perf_counter()
    client.wait_for_all(client.submit_many(FAN_OUT)[-1])
    return (time.perf_counter() - began) * 1000
