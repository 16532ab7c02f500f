"""What every runtime does with a plugin that serves."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future
from typing import Any

import pytest

from analysis_server.runtimes.port import RunResult, RunStatus
from analysis_server.runtimes.serving.limits import ServerLimits
from satellite.contracts.outcome import ErrorKind, StartKind
from tests.contract.runtimes.bench import Bench, Ear, containers, marked_runs
from tests.fixtures.servers import wait_until


def answer_of(result: RunResult) -> Any:
    assert result.status is RunStatus.COMPLETED, result
    return json.loads(result.result_json or b"")


def error_of(result: RunResult) -> tuple[ErrorKind, str]:
    assert result.status is RunStatus.FAILED, result
    assert result.error is not None
    return result.error.kind, result.error.message


def assert_heard(ear: Ear, run: Future[RunResult]) -> None:
    wait_until(lambda: ear.heard.is_set() or run.done(), timeout_s=120)
    assert ear.heard.is_set(), run.result()


def running_things() -> int:
    return len(containers()) + len(marked_runs())


def test_the_first_job_starts_it_and_the_next_ones_find_it_warm(bench: Bench) -> None:
    manifest = bench.server("sdk_plugin.py")
    results = [bench.run({"how": "echo", "value": number}, manifest=manifest) for number in range(3)]
    assert [answer_of(result) for result in results] == [
        {"answer": number, "seen": number + 1} for number in range(3)
    ]
    assert [result.start for result in results] == [StartKind.COLD, StartKind.WARM, StartKind.WARM]
    assert results[2].prepared_ms < results[0].prepared_ms
    assert results[2].ran_ms > 0


@pytest.mark.parametrize(
    "how", ["echo", "refuse", "raise", "exhaust", "card is full", "driver is full", "unfit", "log"]
)
def test_it_answers_as_the_same_plugin_does_in_oneshot_mode(bench: Bench, how: str) -> None:
    job = {"how": how, "value": ["ä\n", 1.5, {"deep": None}], "name": "golden", "plain": True}
    schema = {"type": "object", "properties": {"answer": {"type": "array"}}}
    oneshot = bench.run(
        job, manifest=bench.manifest(command=["python", "sdk_plugin.py"], output_schema=schema)
    )
    server = bench.run(job, manifest=bench.server("sdk_plugin.py", output_schema=schema))
    assert server.status is oneshot.status
    assert server.result_json == oneshot.result_json
    assert server.progress == oneshot.progress
    if how in {"echo", "log"}:
        assert (server.log and server.log.text()) == (oneshot.log and oneshot.log.text())
        return
    assert server.error is not None
    assert oneshot.error is not None
    assert server.error.kind is oneshot.error.kind
    # In oneshot mode an exception is an exit code as well, which its message tells first.
    assert oneshot.error.message.endswith(server.error.message) or how == "exhaust"


def test_log_lines_and_progress_reach_their_own_job(bench: Bench) -> None:
    manifest = bench.server("sdk_plugin.py")
    ears = {name: Ear() for name in ("ada", "bob", "eve")}
    runs = {
        name: bench.start(bench.request({"how": "log", "name": name}, manifest=manifest), ear)
        for name, ear in ears.items()
    }
    for name, run in runs.items():
        result = run.result(60)
        assert answer_of(result)["answer"] is None
        assert result.log is not None
        assert result.log.text() == "".join(f"{name} {step}\n" for step in range(1, 5))
        assert ears[name].lines == [f"{name} {step}" for step in range(1, 5)]
        assert ears[name].fractions[-1] == (1.0, f"{name} 4")
        assert result.progress == 1.0


def test_the_output_schema_holds_for_each_answer(bench: Bench) -> None:
    manifest = bench.server(output_schema={"properties": {"answer": {"type": "integer"}}})
    assert answer_of(bench.run({"how": "echo", "value": 1}, manifest=manifest))["answer"] == 1
    kind, message = error_of(bench.run({"how": "echo", "value": "one"}, manifest=manifest))
    assert kind is ErrorKind.OUTPUT
    assert "/answer: " in message
    assert bench.run({"how": "echo", "value": 2}, manifest=manifest).start is StartKind.WARM


@pytest.mark.parametrize(("told", "kind"), [("input", "input"), ("oom", "oom"), ("nonsense", "exit")])
def test_an_error_answer_is_the_jobs_error(bench: Bench, told: str, kind: str) -> None:
    assert error_of(bench.run({"how": "error", "kind": told}, manifest=bench.server())) == (
        ErrorKind(kind),
        "as ordered",
    )


@pytest.mark.parametrize(
    ("how", "kind", "told"),
    [
        ("noise", ErrorKind.OUTPUT, "'Loading the model ...'"),
        ("unknown id", ErrorKind.OUTPUT, "unknown id 'somebody-else'"),
        ("crash", ErrorKind.EXIT, "exit code 7: the server is going down"),
        ("leave", ErrorKind.OUTPUT, "ended with exit code 0 before it had answered"),
        ("endless", ErrorKind.OUTPUT, "larger than 1000000 bytes"),
        ("hog", ErrorKind.OOM, "128 MiB"),
    ],
)
def test_a_fault_is_named_and_harms_no_other_job(bench: Bench, how: str, kind: ErrorKind, told: str) -> None:
    manifest = bench.server()
    assert answer_of(bench.run({"how": "echo", "value": 0}, manifest=manifest))["answer"] == 0
    bad = bench.start(bench.request({"how": how}, manifest=manifest), Ear())
    others = [
        bench.start(bench.request({"how": "echo", "value": number}, manifest=manifest), Ear())
        for number in range(4)
    ]
    found, message = error_of(bad.result(30))
    assert found is kind
    assert told in message
    assert [answer_of(other.result(30))["answer"] for other in others] == [0, 1, 2, 3]


@pytest.mark.parametrize("servers", [ServerLimits(ready_timeout_s=3)], indirect=True, ids=["impatient"])
@pytest.mark.parametrize(
    ("start", "kind", "told"),
    [
        ("never", ErrorKind.TIMEOUT, "did not become ready within 3 s"),
        ("never", ErrorKind.TIMEOUT, "'still loading'"),
        ('{"ready": true', ErrorKind.TIMEOUT, "It wrote '{\"ready\": true' instead"),
        ('{"ready": "yes"}', ErrorKind.TIMEOUT, '\'{"ready": "yes"}\''),
        ("exit", ErrorKind.EXIT, "exit code 5: no model found"),
        ("quit", ErrorKind.OUTPUT, "before it had written"),
    ],
)
def test_a_server_that_never_gets_ready_is_named(
    bench: Bench, start: str, kind: ErrorKind, told: str
) -> None:
    found, message = error_of(bench.run({"how": "echo"}, manifest=bench.server(env={"SERVER_START": start})))
    assert found is kind
    assert told in message


def test_a_full_card_fails_the_job_and_leaves_the_server(bench: Bench) -> None:
    manifest = bench.server("sdk_plugin.py")
    answer_of(bench.run({"how": "echo"}, manifest=manifest))
    full = bench.start(bench.request({"how": "card is full"}, manifest=manifest), Ear())
    other = bench.start(bench.request({"how": "echo", "value": 1}, manifest=manifest), Ear())
    assert error_of(full.result(60))[0] is ErrorKind.OOM
    assert other.result(60).start is StartKind.WARM
    assert answer_of(other.result())["answer"] == 1


def test_noise_before_ready_does_no_harm(bench: Bench) -> None:
    manifest = bench.server(env={"SERVER_START": "noisy"})
    assert answer_of(bench.run({"how": "echo", "value": 5}, manifest=manifest))["answer"] == 5


def test_starts_after_crashes_come_ever_later(bench: Bench) -> None:
    manifest = bench.server(env={"SERVER_START": "exit"})
    for _ in range(4):
        began = time.monotonic()
        error_of(bench.run({"how": "echo"}, manifest=manifest))
    assert time.monotonic() - began > 0.4


def test_the_deadline_ends_the_job_and_the_next_one_is_answered(bench: Bench) -> None:
    manifest = bench.server()
    late = bench.start(bench.request({"how": "loop"}, manifest=manifest, timeout_s=1), Ear())
    kind, message = error_of(late.result(60))
    assert kind is ErrorKind.TIMEOUT
    assert "1 s" in message
    assert answer_of(bench.run({"how": "echo", "value": 1}, manifest=manifest))["answer"] == 1


def test_waiting_for_the_server_does_not_count_against_the_deadline(bench: Bench) -> None:
    manifest = bench.server()
    first = bench.start(bench.request({"how": "slow", "s": 1.5}, manifest=manifest), Ear())
    time.sleep(0.2)
    second = bench.run({"how": "echo", "value": 2}, manifest=manifest, timeout_s=1)
    assert answer_of(second)["answer"] == 2
    assert second.prepared_ms > 1000
    assert second.ran_ms < 1000
    answer_of(first.result(60))


def test_a_cancelled_job_is_gone_and_the_others_are_answered(bench: Bench) -> None:
    manifest = bench.server()
    ear = Ear()
    request = bench.request({"how": "loop"}, manifest=manifest)
    inside = bench.start(request, ear)
    assert ear.heard.wait(60)
    before = containers() or marked_runs()
    waiting = bench.start(bench.request({"how": "echo", "value": 1}, manifest=manifest), Ear())
    began = time.monotonic()
    assert bench.runtime.cancel(request.key)
    assert inside.result(60).status is RunStatus.CANCELLED
    assert time.monotonic() - began < 5
    assert not set(before) & set(containers() or marked_runs())
    assert answer_of(waiting.result(60))["answer"] == 1


def test_a_job_that_waits_can_be_cancelled_without_harm(bench: Bench) -> None:
    manifest = bench.server()
    inside = bench.start(bench.request({"how": "slow", "s": 1, "value": 1}, manifest=manifest), Ear())
    time.sleep(0.3)
    request = bench.request({"how": "echo"}, manifest=manifest)
    waiting = bench.start(request, Ear())
    time.sleep(0.1)
    assert bench.runtime.cancel(request.key)
    assert waiting.result(1).status is RunStatus.CANCELLED
    assert answer_of(inside.result(60))["answer"] == 1


def test_input_of_a_megabyte_with_line_breaks_passes(bench: Bench) -> None:
    manifest = bench.server("sdk_plugin.py")
    value = "ä\n" * 300_000
    result = bench.run({"how": "echo", "value": value}, manifest=manifest, max_result_bytes=4_000_000)
    assert answer_of(result)["answer"] == value


def test_stop_all_and_close_leave_nothing(bench: Bench) -> None:
    ears = [Ear(), Ear()]
    runs = [bench.start(bench.request({"how": "loop"}, manifest=bench.server()), ear) for ear in ears]
    for ear, run in zip(ears, runs, strict=True):
        assert_heard(ear, run)
    assert bench.runtime.stop_all("drain") == 2
    assert [run.result(60).status for run in runs] == [RunStatus.CANCELLED] * 2
    bench.runtime.close()
    assert running_things() == 0


def test_sweep_spares_servers_of_the_living(bench: Bench) -> None:
    manifest = bench.server()
    first = answer_of(bench.run({"how": "echo"}, manifest=manifest))
    assert bench.runtime.sweep(set()) == 0
    assert answer_of(bench.run({"how": "echo"}, manifest=manifest)) == first
