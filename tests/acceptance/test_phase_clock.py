"""Where the time of real jobs went: the phases add up to what the API says and to what a client measured."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from operation_server.metrics.pending import HANDED_ON_AFTER_S
from tests.acceptance.platform import Platform, submit, wait_for_job
from tests.fixtures.servers import wait_until

PHASES = ["queued", "dispatched", "claimed", "prepared", "ran", "reported", "committed"]
TEXT = {"text": "What a lovely day"}
WAIT = {"Prefer": "wait=60"}
CLIENT_SLACK_MS = 150
"""What a client sees on top of a job's own time: two requests and the way of an event, on a busy machine."""


def wall_ms(job: dict[str, Any]) -> float:
    ended, created = (datetime.fromisoformat(job[name]) for name in ("completed_at", "created_at"))
    return (ended - created).total_seconds() * 1000


def assert_adds_up(job: dict[str, Any]) -> None:
    timings = job["timings"]
    assert all(timings[phase] >= 0 for phase in PHASES), timings
    assert abs(sum(timings[phase] for phase in PHASES) - wall_ms(job)) <= 0.02 * wall_ms(job), job


def scrape(platform: Platform) -> dict[tuple[str, ...], float]:
    """Return the value of each series, under its name and its labels' values in the order of their names."""
    text = platform.metrics()
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def settled(platform: Platform) -> dict[tuple[str, ...], float] | None:
    """Return the counts of ended jobs if they stay the same for longer than counts are gathered."""

    def ended(seen: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
        return {series: value for series, value in seen.items() if series[0].startswith("satellite_job")}

    first = scrape(platform)
    time.sleep(2 * HANDED_ON_AFTER_S)
    second = scrape(platform)
    return second if ended(first) == ended(second) else None


def run_warm(api: httpx.Client) -> tuple[dict[str, Any], float]:
    """Return a finished job and the milliseconds that its client waited."""
    began = time.perf_counter()
    answer = api.post("/jobs", json={"plugin_name": "example-warm", "input_data": TEXT}, headers=WAIT)
    assert answer.status_code == 200, answer.text
    return answer.json(), (time.perf_counter() - began) * 1000


def warm_up(api: httpx.Client) -> None:
    """Wait until jobs of the plugin find it loaded, whichever test came before."""
    wait_until(lambda: run_warm(api)[0]["timings"]["start"] == "warm")


def test_completed_jobs_add_up_also_by_the_client_s_own_clock(api: httpx.Client) -> None:
    warm_up(api)
    found = [run_warm(api) for _ in range(30)]

    for job, waited_ms in found:
        assert_adds_up(job)
        assert job["timings"]["start"] == "warm"
        assert job["timings"]["total"] <= waited_ms
    extra = sorted(waited_ms - job["timings"]["total"] for job, waited_ms in found)
    assert extra[len(extra) // 2] < CLIENT_SLACK_MS


def test_the_plugin_s_own_time_is_what_ran(api: httpx.Client) -> None:
    job = submit(api, "example-failing", {"how": "sleep", "seconds": 1.5})
    done = wait_for_job(api, job["id"])

    assert_adds_up(done)
    assert 1500 <= done["timings"]["ran"] < done["timings"]["total"]


def test_failed_and_retried_jobs_add_up(api: httpx.Client) -> None:
    job = submit(api, "example-failing", {"how": "exit"}, max_retries=1)
    done = wait_for_job(api, job["id"])

    assert (done["status"], done["attempt"]) == ("failed", 2)
    assert_adds_up(done)
    first = api.get(f"/jobs/{job['id']}/attempts").json()["items"][0]
    assert done["timings"]["queued"] > first["timings"]["total"]
    assert sum(first["timings"][phase] for phase in PHASES) == pytest.approx(
        first["timings"]["total"], abs=0.01
    )


def test_cancelled_jobs_add_up(api: httpx.Client) -> None:
    running = submit(api, "example-failing", {"how": "sleep", "seconds": 60})
    wait_until(lambda: api.get(f"/jobs/{running['id']}").json()["status"] == "processing", timeout_s=60)
    api.post(f"/jobs/{running['id']}/cancel").raise_for_status()
    done = wait_for_job(api, running["id"])

    assert done["status"] == "cancelled"
    assert_adds_up(done)


def test_the_time_line_is_the_same_story(platform: Platform, api: httpx.Client) -> None:
    warm_up(api)
    job, _ = run_warm(api)
    line = api.get(f"/jobs/{job['id']}/timeline").json()

    assert [each["phase"] for each in line["phases"]] == PHASES
    assert [each["duration_ms"] for each in line["phases"]] == [job["timings"][phase] for phase in PHASES]
    last = line["phases"][-1]
    assert last["start_ms"] + last["duration_ms"] == pytest.approx(line["total_ms"], abs=0.01)
    shown = platform.command("job", "show", str(job["id"])).stdout
    assert "in all, warm start" in shown
    assert "█" in next(row for row in shown.splitlines() if row.startswith("  ran"))


def test_prometheus_sees_each_phase_of_each_job(platform: Platform, api: httpx.Client) -> None:
    warm_up(api)
    # Those of the tests before this one have arrived once the numbers stand still.
    before = wait_until(lambda: settled(platform), timeout_s=30)
    jobs = [run_warm(api)[0] for _ in range(10)]
    counted = ("satellite_attempts_ended_total", "completed", "example-warm")
    after = wait_until(
        lambda: (now := scrape(platform)).get(counted, 0) >= before.get(counted, 0) + 10 and now, timeout_s=30
    )

    def grew(*series: str) -> float:
        return after[series] - before.get(series, 0)

    assert grew(*counted) == 10
    assert grew("satellite_job_seconds_count", "completed") == 10
    total_s = sum(job["timings"]["total"] for job in jobs) / 1000
    assert grew("satellite_job_seconds_sum", "completed") == pytest.approx(total_s, rel=1e-6)
    of_phases = {phase: grew("satellite_job_phase_seconds_sum", phase, "warm") for phase in PHASES}
    assert sum(of_phases.values()) == pytest.approx(total_s, rel=0.02)
    assert all(grew("satellite_job_phase_seconds_count", phase, "warm") == 10 for phase in PHASES)
    assert grew("satellite_http_request_seconds_count", "POST", "/api/v1/jobs", "200") == 10
    assert grew("satellite_events_published_total", "result") == 10
    assert after["satellite_workers", "up"] == 1
    assert after["satellite_slots",] >= 1
