"""One trace from the submitter to the plugin and back, which goes on when the job is lost and runs again."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.acceptance.platform import Platform, running_platform, wait_for_job
from tests.fixtures.collector import Collector, TakenSpan, running_collector
from tests.fixtures.servers import wait_until

TRACE = "0af7651916cd43dd8448eb211c80319c"
SUBMITTER = "b7ad6b7169203331"
HEADERS = {"traceparent": f"00-{TRACE}-{SUBMITTER}-01"}
LAST = ("submit", "reconcile", "report", "tell")
"""What each process tells last of a job that was lost once."""
PLUGIN = """
import json, os, sys, time
time.sleep(json.load(sys.stdin)["seconds"])
print(json.dumps({"traceparent": os.environ.get("TRACEPARENT")}))
"""
MANIFEST: dict[str, Any] = {
    "name": "traced",
    "version": "1.0.0",
    "docker_image": "satellite/traced:1.0.0",
    "input_schema": {"type": "object"},
    "output_schema": {"type": "object"},
    "resources": {"cpus": 0.1, "memory_mib": 128},
}


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


@pytest.fixture(scope="module")
def traced(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform that traces what its submitters trace, and finds lost attempts soon."""
    folder = tmp_path_factory.mktemp("plugins")
    folder.chmod(0o755)
    (folder / "traced").mkdir()
    (folder / "traced" / "main.py").write_text(PLUGIN)
    (folder / "traced" / "plugin.json").write_text(json.dumps(MANIFEST))
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "SATELLITE_TRACING_SAMPLE_RATIO": "0",
        "SATELLITE_WORKER_PLUGIN_DIR": str(folder),
        "SATELLITE_DISPATCH_LEASE_GRACE_S": "1",
        "SATELLITE_DISPATCH_RECONCILE_S": "1",
    }
    with running_platform("--no-demo", "--runtime", "process", environment=environment) as platform:
        yield platform


def submit(api: httpx.Client, *, seconds: float, headers: dict[str, str]) -> int:
    body = {"plugin_name": "traced", "input_data": {"seconds": seconds}}
    answer = api.post("/jobs", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    return int(answer.json()["id"])


def kill_worker(api: httpx.Client, platform: Platform) -> None:
    [worker] = api.get("/workers").json()["items"]
    os.kill(worker["pid"], signal.SIGKILL)


def the(spans: list[TakenSpan], name: str, parent: str) -> TakenSpan:
    """Return the one span of a name below another one."""
    [found] = [span for span in spans if (span.name, span.parent_id) == (name, parent)]
    return found


def test_all_stops_of_a_job_are_one_trace_also_across_a_lost_attempt(
    traced: Platform, collector: Collector
) -> None:
    with traced.api() as api:
        job_id = submit(api, seconds=5, headers=HEADERS)
        wait_until(lambda: api.get(f"/jobs/{job_id}").json()["status"] == "processing")
        kill_worker(api, traced)
        job = wait_for_job(api, job_id, timeout_s=180)
    assert (job["status"], job["attempt"]) == ("completed", 2), job

    wait_until(lambda: all(map(collector.named, LAST)) and len(collector.named("dispatch")) > 1, timeout_s=30)
    spans = list(collector.spans)
    assert {span.trace_id for span in spans} == {TRACE}
    submitted = the(spans, "submit", SUBMITTER)
    assert submitted.attributes["satellite.job_id"] == job_id
    dispatched = {
        span.attributes["satellite.attempt"]: span
        for span in spans
        if (span.name, span.parent_id) == ("dispatch", submitted.span_id)
    }
    assert set(dispatched) == {1, 2}
    assert the(spans, "reconcile", submitted.span_id).attributes["satellite.what"] == "lost"
    second = dispatched[2].span_id
    assert the(spans, "claim", second).attributes["satellite.claim"] == "won"
    assert the(spans, "admit", second).process == "satellite-worker"
    run = the(spans, "run", second)
    assert job["result"] == {"traceparent": run.traceparent}
    reported = the(spans, "report", second)
    applied = the(spans, "transition", reported.span_id)
    assert applied.attributes["satellite.applied"] is True
    assert the(spans, "tell", applied.span_id).process == "satellite-results"


def test_what_nobody_traces_leaves_no_span(traced: Platform, collector: Collector) -> None:
    with traced.api() as api:
        untraced = wait_for_job(api, submit(api, seconds=0, headers={}), timeout_s=180)
        # What is told later has overtaken nothing of what is told before.
        other = "1" * 32
        wait_for_job(api, submit(api, seconds=0, headers={"traceparent": f"00-{other}-{SUBMITTER}-01"}))
    wait_until(lambda: [span for span in collector.named("tell") if span.trace_id == other], timeout_s=30)

    assert untraced["result"] == {"traceparent": None}
    assert {span.trace_id for span in collector.spans} <= {TRACE, other}
