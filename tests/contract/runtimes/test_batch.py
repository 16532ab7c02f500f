"""What every runtime does with jobs that share a request."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future
from typing import Any

import pytest

from analysis_server.runtimes.port import RunResult, RunStatus
from satellite.contracts.outcome import ErrorKind, StartKind
from satellite.contracts.plugin_manifest import PluginManifest
from tests.contract.runtimes.bench import Bench, Ear
from tests.fixtures.servers import wait_until


@pytest.fixture
def manifest(bench: Bench) -> PluginManifest:
    """Return a batch plugin that is warm."""
    manifest = bench.server("sdk_batch.py", batch={"max_size": 4, "max_wait_ms": 300})
    assert bench.run({"value": 0}, manifest=manifest).status is RunStatus.COMPLETED
    return manifest


def start(bench: Bench, manifest: PluginManifest, *jobs: dict[str, Any]) -> list[Future[RunResult]]:
    return [bench.start(bench.request(job, manifest=manifest), Ear()) for job in jobs]


def answers(runs: list[Future[RunResult]]) -> list[Any]:
    results = [run.result(60) for run in runs]
    assert all(result.status is RunStatus.COMPLETED for result in results), results
    return [json.loads(result.result_json or b"") for result in results]


def test_a_full_batch_goes_at_once(bench: Bench, manifest: PluginManifest) -> None:
    began = time.monotonic()
    assert answers(start(bench, manifest, *({"value": number} for number in range(4)))) == [
        {"answer": number, "size": 4} for number in range(4)
    ]
    assert time.monotonic() - began < 0.28


def test_a_batch_that_is_not_full_goes_when_the_wait_is_over(bench: Bench, manifest: PluginManifest) -> None:
    began = time.monotonic()
    runs = start(bench, manifest, {"value": 1}, {"value": 2})
    assert answers(runs) == [{"answer": 1, "size": 2}, {"answer": 2, "size": 2}]
    assert time.monotonic() - began > 0.25
    assert runs[0].result().prepared_ms > 250
    assert runs[0].result().ran_ms < 250


def test_what_comes_while_it_works_becomes_the_next_batch(bench: Bench, manifest: PluginManifest) -> None:
    first = start(bench, manifest, *({"value": number, "s": 0.6} for number in range(4)))
    time.sleep(0.1)
    rest = start(bench, manifest, *({"value": number} for number in range(3)))
    assert [answer["size"] for answer in answers(first)] == [4] * 4
    assert [answer["size"] for answer in answers(rest)] == [3] * 3


def test_an_error_of_one_item_fails_that_job_only(bench: Bench, manifest: PluginManifest) -> None:
    good, bad, also_good = start(bench, manifest, {"value": 1}, {"bad": True}, {"value": 3})
    assert answers([good, also_good]) == [{"answer": 1, "size": 3}, {"answer": 3, "size": 3}]
    error = bad.result(60).error
    assert error is not None
    assert (error.kind, error.message) == (ErrorKind.EXIT, "ValueError: a bad item")


def test_a_wrong_number_of_results_is_named(bench: Bench, manifest: PluginManifest) -> None:
    for run in start(bench, manifest, {"short": True}, {"value": 2}):
        error = run.result(60).error
        assert error is not None
        assert error.kind is ErrorKind.OUTPUT
        assert "returned 0 results for a batch of 2" in error.message
    assert answers(start(bench, manifest, {"value": 3}))[0]["answer"] == 3


def test_a_full_card_fails_the_batch_and_leaves_the_server(bench: Bench, manifest: PluginManifest) -> None:
    for run in start(bench, manifest, {"full": True}, {"value": 2}):
        error = run.result(60).error
        assert error is not None
        assert error.kind is ErrorKind.OOM
    (after,) = start(bench, manifest, {"value": 3})
    assert after.result(60).start is StartKind.WARM


def test_a_server_that_dies_fails_its_batch_only(bench: Bench, manifest: PluginManifest) -> None:
    inside = start(bench, manifest, *({"s": 0.5, "die": number == 2} for number in range(4)))
    time.sleep(0.1)
    waiting = start(bench, manifest, {"value": 1}, {"value": 2})
    for run in inside:
        error = run.result(60).error
        assert error is not None
        assert (error.kind, error.exit_code) == (ErrorKind.EXIT, 7)
    assert [answer["answer"] for answer in answers(waiting)] == [1, 2]
    assert all(run.result().start is StartKind.COLD for run in waiting)


@pytest.mark.parametrize(
    ("how", "kind"),
    [("crash", ErrorKind.EXIT), ("unknown id", ErrorKind.OUTPUT), ("noise", ErrorKind.OUTPUT)],
)
def test_what_was_answered_before_a_fault_holds(bench: Bench, how: str, kind: ErrorKind) -> None:
    manifest = bench.server(batch={"max_size": 3, "max_wait_ms": 5_000})
    runs: list[Future[RunResult]] = []
    for job in ({"how": "echo", "value": 1}, {"how": how}, {"how": "echo", "value": 2}):
        runs += start(bench, manifest, job)
        time.sleep(0.05)
    for run in runs[1:]:
        error = run.result(60).error
        assert error is not None
        assert error.kind is kind
    assert answers(runs[:1])[0]["answer"] == 1


def test_cancelling_one_leaves_the_others_alone(bench: Bench, manifest: PluginManifest) -> None:
    requests = [bench.request({"value": number, "s": 1}, manifest=manifest) for number in range(4)]
    runs = [bench.start(request, Ear()) for request in requests]
    time.sleep(0.3)
    began = time.monotonic()
    assert bench.runtime.cancel(requests[0].key)
    assert runs[0].result(1).status is RunStatus.CANCELLED
    assert time.monotonic() - began < 0.5
    assert [answer["answer"] for answer in answers(runs[1:])] == [1, 2, 3]


def test_a_job_that_overruns_does_not_hold_up_the_others_of_its_batch(
    bench: Bench, manifest: PluginManifest
) -> None:
    short = bench.start(bench.request({"s": 30}, manifest=manifest, timeout_s=0.5), Ear())
    long = bench.start(bench.request({"value": 2}, manifest=manifest, timeout_s=30), Ear())
    error = short.result(20).error
    assert error is not None
    assert error.kind is ErrorKind.TIMEOUT
    began = time.monotonic()
    assert answers([long]) == [{"answer": 2, "size": 1}]
    assert time.monotonic() - began < 10


def test_when_all_of_a_batch_are_cancelled_the_server_is_ended(
    bench: Bench, manifest: PluginManifest
) -> None:
    requests = [bench.request({"s": 30}, manifest=manifest) for _ in range(2)]
    runs = [bench.start(request, Ear()) for request in requests]
    time.sleep(0.5)
    for request in requests:
        assert bench.runtime.cancel(request.key)
    assert [run.result(20).status for run in runs] == [RunStatus.CANCELLED] * 2
    wait_until(lambda: answers(start(bench, manifest, {"value": 9})))


def test_an_answer_that_is_left_out_fails_its_job_by_its_deadline(bench: Bench) -> None:
    manifest = bench.server(batch={"max_size": 2, "max_wait_ms": 200})
    missing = bench.start(bench.request({"how": "skip"}, manifest=manifest, timeout_s=1), Ear())
    answered = bench.start(bench.request({"how": "echo", "value": 2}, manifest=manifest), Ear())
    error = missing.result(60).error
    assert error is not None
    assert error.kind is ErrorKind.TIMEOUT
    assert answers([answered])[0]["answer"] == 2
