"""What every runtime does with a plugin that runs once per job."""

from __future__ import annotations

import json
import threading
import time
import uuid

import pytest

from analysis_server.runtimes.port import RunStatus
from satellite.contracts.outcome import ErrorKind, StartKind
from tests.contract.runtimes.bench import Bench, Ear, containers, processes_with
from tests.fixtures.servers import wait_until


def test_the_result_is_what_the_plugin_printed(bench: Bench) -> None:
    result = bench.run({"how": "echo", "value": [1, "zwei", None]})
    assert result.status is RunStatus.COMPLETED, result
    assert json.loads(result.result_json or b"") == {"answer": [1, "zwei", None]}
    assert result.error is None
    assert result.log is None
    assert result.start is StartKind.COLD
    assert result.prepared_ms > 0
    assert result.ran_ms > 0


def test_progress_and_log_lines_are_told_live_and_stored(bench: Bench) -> None:
    ear = Ear()
    result = bench.run({"how": "progress"}, ear=ear)
    assert result.status is RunStatus.COMPLETED, result
    assert ear.fractions[-1] == (1.0, "step 4")
    assert len(ear.fractions) > 1
    assert ear.lines == ["line 1", "line 2", "line 3", "line 4"]
    assert result.progress == 1.0
    assert result.log is not None
    assert result.log.text() == "line 1\nline 2\nline 3\nline 4\n"


def test_a_bad_exit_code_is_told_with_the_end_of_stderr(bench: Bench) -> None:
    result = bench.run({"how": "exit", "code": 3})
    assert result.status is RunStatus.FAILED
    assert result.error is not None
    assert result.error.kind is ErrorKind.EXIT
    assert result.error.exit_code == 3
    assert result.error.message == "The plugin ended with exit code 3: something went wrong"
    assert result.error.stderr_tail == "something went wrong\n"


def test_exit_code_64_means_that_the_input_was_refused(bench: Bench) -> None:
    error = bench.run({"how": "exit", "code": 64}).error
    assert error is not None
    assert (error.kind, error.message) == (ErrorKind.INPUT, "something went wrong")


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (11, "SIGSEGV")])
def test_a_foreign_signal_is_called_killed(bench: Bench, number: int, name: str) -> None:
    error = bench.run({"how": "signal", "number": number}).error
    assert error is not None
    assert error.kind is ErrorKind.KILLED
    assert name in error.message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "wrote no result"),
        ("not json", "'not json'"),
        ('{"answer": 1} {"answer": 2}', "not one JSON value"),
        ('{"other": 1}', "breaks the output schema"),
        ('{"answer": NaN}', "not one JSON value"),
        ('{"answer": "\\u0000"}', "U+0000"),
    ],
)
def test_stdout_must_be_one_value_that_fits_the_schema(bench: Bench, text: str, told: str) -> None:
    error = bench.run({"how": "write", "text": text}).error
    assert error is not None
    assert error.kind is ErrorKind.OUTPUT
    assert told in error.message
    assert error.exit_code == 0


def test_schema_violations_name_their_place(bench: Bench) -> None:
    schema = {"type": "object", "properties": {"answer": {"type": "array", "items": {"type": "integer"}}}}
    manifest = bench.manifest(output_schema=schema)
    error = bench.run({"how": "echo", "value": [1, "a"]}, manifest=manifest).error
    assert error is not None
    assert "/answer/1: " in error.message


def test_a_result_beyond_the_limit_is_refused_and_quoted(bench: Bench) -> None:
    error = bench.run({"how": "large", "bytes": 50_000}, max_result_bytes=10_000).error
    assert error is not None
    assert error.kind is ErrorKind.OUTPUT
    assert "larger than 10000 bytes" in error.message
    assert "xxxx" in error.message


def test_endless_output_is_cut_off_at_once(bench: Bench) -> None:
    began = time.monotonic()
    error = bench.run({"how": "endless output"}, timeout_s=60).error
    assert error is not None
    assert error.kind is ErrorKind.OUTPUT
    assert time.monotonic() - began < 20


def test_input_and_result_of_a_megabyte_pass(bench: Bench) -> None:
    value = "ä" * 480_000
    result = bench.run({"how": "echo", "value": value}, max_result_bytes=4_000_000)
    assert result.status is RunStatus.COMPLETED, result.error
    assert json.loads(result.result_json or b"")["answer"] == value


def test_a_flood_of_stderr_neither_stalls_nor_fills_memory(bench: Bench) -> None:
    ear = Ear()
    result = bench.run({"how": "flood", "bytes": 100_000_000}, ear=ear, timeout_s=90, max_log_bytes=100_000)
    assert result.status is RunStatus.COMPLETED, result.error
    assert result.log is not None
    assert result.log.total_bytes == 100_000_014
    kept = result.log.text()
    assert len(kept) < 101_000
    assert kept.startswith("yyy")
    assert kept.endswith("the last line\n")
    assert result.log.omitted_bytes == 100_000_014 - 100_000
    assert len(ear.lines) < 10_000


def test_a_binary_log_becomes_text_that_can_be_stored(bench: Bench) -> None:
    result = bench.run({"how": "binary log"})
    assert result.log is not None
    assert result.log.text() == "nul \ufffd and \ufffd\ufffd end\n"


def test_the_deadline_ends_a_plugin_that_ignores_signals_and_its_children(bench: Bench) -> None:
    token = uuid.uuid4().hex
    began = time.monotonic()
    result = bench.run({"how": "loop", "token": token}, timeout_s=2)
    assert result.error is not None
    assert result.error.kind is ErrorKind.TIMEOUT
    assert "2 s" in result.error.message
    assert time.monotonic() - began < 10
    wait_until(lambda: not processes_with(token))


def test_children_left_behind_end_with_the_plugin(bench: Bench) -> None:
    token = uuid.uuid4().hex
    result = bench.run({"how": "leave a child", "token": token})
    assert result.status is RunStatus.COMPLETED, result.error
    wait_until(lambda: not processes_with(token))


def test_a_memory_hog_is_called_oom(bench: Bench) -> None:
    result = bench.run({"how": "hog"}, timeout_s=60)
    assert result.error is not None
    assert result.error.kind is ErrorKind.OOM
    assert "128 MiB" in result.error.message


def test_a_full_card_is_called_oom(bench: Bench) -> None:
    error = bench.run({"how": "fill card"}).error
    assert error is not None
    assert error.kind is ErrorKind.OOM
    assert "graphics card is out of memory" in error.message
    assert "2.00 GiB" in error.message


def test_a_cancelled_run_is_gone_when_it_is_called_cancelled(bench: Bench) -> None:
    token, ear = uuid.uuid4().hex, Ear()
    request = bench.request({"how": "loop", "token": token}, timeout_s=60)
    running = bench.start(request, ear)
    wait_until(lambda: processes_with(token))
    began = time.monotonic()
    assert bench.runtime.cancel(request.key)
    assert running.result(60).status is RunStatus.CANCELLED
    assert time.monotonic() - began < 5
    assert not containers()
    wait_until(lambda: not processes_with(token), timeout_s=1)


def test_a_cancel_just_before_the_run_holds(bench: Bench) -> None:
    request = bench.request({"how": "loop"}, timeout_s=60)
    assert not bench.runtime.cancel(request.key)
    assert bench.runtime.run(request, Ear()).status is RunStatus.CANCELLED


def test_a_cancel_at_any_moment_of_the_start_holds(bench: Bench) -> None:
    manifest = bench.manifest()
    assert bench.runtime.prepare(manifest) is None
    for delay_ms in range(0, 200, 40):
        request = bench.request({"how": "loop"}, timeout_s=60, manifest=manifest)
        running = bench.start(request, Ear())
        threading.Event().wait(delay_ms / 1000)
        bench.runtime.cancel(request.key)
        assert running.result(60).status is RunStatus.CANCELLED


def test_stop_all_ends_every_run(bench: Bench) -> None:
    ears = [Ear(), Ear()]
    runs = [bench.start(bench.request({"how": "loop"}, timeout_s=60), ear) for ear in ears]
    for ear in ears:
        assert ear.heard.wait(60)
    assert bench.runtime.stop_all("drain") == 2
    assert [run.result(60).status for run in runs] == [RunStatus.CANCELLED] * 2


def test_a_plugin_need_not_read_its_input(bench: Bench) -> None:
    manifest = bench.manifest(command=["python", "unread.py"])
    result = bench.run({"how": "x" * 900_000}, manifest=manifest)
    assert result.status is RunStatus.COMPLETED, result.error
    assert json.loads(result.result_json or b"") == {"answer": "not read"}


def test_input_can_come_as_the_argument(bench: Bench) -> None:
    manifest = bench.manifest(input_via="argument")
    result = bench.run({"how": "echo", "value": "as argument"}, manifest=manifest)
    assert result.status is RunStatus.COMPLETED, result.error
    too_long = bench.run({"how": "echo", "value": "x" * 200_000}, manifest=manifest).error
    assert too_long is not None
    assert too_long.kind is ErrorKind.INPUT


def test_a_run_begins_in_a_clean_place(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_PASSWORD", "hidden")
    manifest = bench.manifest(env={"GREETING": "hello"}, secrets=["TOKEN"])
    result = bench.run({"how": "where"}, manifest=manifest)
    assert result.status is RunStatus.COMPLETED, result.error
    variables = json.loads(result.result_json or b"")["answer"][2]
    assert "GREETING" in variables
    assert "TOKEN" in variables
    assert "WORKER_PASSWORD" not in variables
    assert "TRACEPARENT" not in variables


def test_a_run_of_a_traced_job_goes_on_with_the_trace(bench: Bench) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    script = 'import json, os; print(json.dumps({"answer": os.environ["TRACEPARENT"]}))'
    manifest = bench.manifest(command=["python", "-c", script])
    result = bench.run({}, manifest=manifest, traceparent=traceparent)
    assert result.status is RunStatus.COMPLETED, result.error
    assert json.loads(result.result_json or b"") == {"answer": traceparent}


def test_a_secret_that_the_worker_lacks_is_named(bench: Bench) -> None:
    error = bench.run({"how": "echo"}, manifest=bench.manifest(secrets=["NOWHERE"])).error
    assert error is not None
    assert error.kind is ErrorKind.RESOURCES
    assert "SATELLITE_SECRET_NOWHERE" in error.message


def test_runs_go_side_by_side(bench: Bench) -> None:
    manifest = bench.manifest()
    assert bench.runtime.prepare(manifest) is None
    ears = [Ear() for _ in range(6)]
    # It goes on for four of them.
    job = {"how": "progress", "pause_s": bench.SIX_START_WITHIN_S / 4}
    runs = [bench.start(bench.request(job, manifest=manifest), ear) for ear in ears]
    for ear in ears:
        assert ear.heard.wait(60)
    assert not any(run.done() for run in runs)
    assert all(run.result(30).status is RunStatus.COMPLETED for run in runs)


def test_sweep_spares_what_runs(bench: Bench) -> None:
    ear = Ear()
    request = bench.request({"how": "progress", "pause_s": 0.3})
    running = bench.start(request, ear)
    assert ear.heard.wait(60)
    assert bench.runtime.sweep(set()) == 0
    assert running.result(60).status is RunStatus.COMPLETED
