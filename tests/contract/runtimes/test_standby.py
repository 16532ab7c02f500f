"""What every runtime does to have plugins started before their job comes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
import uuid

import pytest

from analysis_server.runtimes.port import RunResult, RunStatus
from analysis_server.runtimes.standby.limits import StandbyLimits
from satellite.contracts.outcome import ErrorKind, StartKind
from satellite.contracts.plugin_manifest import PluginManifest
from tests.contract.runtimes.bench import Bench, Ear, containers, marked_runs, processes_with
from tests.fixtures.servers import wait_until


@pytest.fixture
def standby(request: pytest.FixtureRequest) -> StandbyLimits:
    return getattr(request, "param", StandbyLimits(memory_reserve_mib=0))


def spares(bench: Bench) -> int:
    return bench.used.spares()


def filled(bench: Bench, count: int = 1, **changes: object) -> PluginManifest:
    """Return a plugin that has spares."""
    manifest = bench.manifest(standby=count, **changes)
    assert bench.run({"how": "echo"}, manifest=manifest).start is StartKind.COLD
    wait_until(lambda: spares(bench) == count)
    return manifest


def checked(result: RunResult) -> RunResult:
    assert result.status is RunStatus.COMPLETED, result
    return result


def test_a_spare_is_used_once_and_replaced(bench: Bench) -> None:
    manifest = filled(bench)
    seen = set()
    for number in range(3):
        before = set(containers() or marked_runs())
        result = checked(bench.run({"how": "echo", "value": number}, manifest=manifest))
        assert result.start is StartKind.STANDBY
        assert json.loads(result.result_json or b"") == {"answer": number}
        wait_until(lambda: spares(bench) == 1)
        wait_until(lambda: len(containers() or marked_runs()) == 1)
        now = set(containers() or marked_runs())
        assert not before & now
        seen |= now
    assert len(seen) == 3


def test_more_jobs_than_spares_are_run_all_the_same(bench: Bench) -> None:
    manifest = filled(bench, 2)
    job = {"how": "progress", "pause_s": 0.2}
    runs = [bench.start(bench.request(job, manifest=manifest), Ear()) for _ in range(4)]
    starts = sorted(checked(run.result(30)).start for run in runs)
    assert starts.count(StartKind.STANDBY) >= 2
    wait_until(lambda: spares(bench) == 2)


def test_it_works_as_a_fresh_start_does(bench: Bench) -> None:
    manifest = filled(bench)
    ear = Ear()
    result = checked(bench.run({"how": "progress"}, manifest=manifest, ear=ear))
    assert result.start is StartKind.STANDBY
    assert ear.lines == ["line 1", "line 2", "line 3", "line 4"]
    wait_until(lambda: spares(bench) == 1)
    error = bench.run({"how": "exit", "code": 3}, manifest=manifest).error
    assert error is not None
    assert (error.kind, error.exit_code) == (ErrorKind.EXIT, 3)
    wait_until(lambda: spares(bench) == 1)
    error = bench.run({"how": "hog"}, manifest=manifest).error
    assert error is not None
    assert error.kind is ErrorKind.OOM


def test_a_cancelled_job_on_a_spare_is_gone(bench: Bench) -> None:
    manifest = filled(bench)
    token = uuid.uuid4().hex
    request = bench.request({"how": "loop", "token": token}, manifest=manifest)
    run = bench.start(request, Ear())
    wait_until(lambda: processes_with(token))
    assert bench.runtime.cancel(request.key)
    result = run.result(60)
    assert result.status is RunStatus.CANCELLED
    assert result.start is StartKind.STANDBY
    assert not processes_with(token)


def test_the_deadline_counts_from_the_job_not_from_the_start(bench: Bench) -> None:
    manifest = filled(bench)
    time.sleep(1.2)
    result = bench.run({"how": "progress", "pause_s": 0.1}, manifest=manifest, timeout_s=1)
    assert checked(result).start is StartKind.STANDBY


def test_a_spare_that_ended_is_not_used(bench: Bench) -> None:
    token = uuid.uuid4().hex
    program = f"import runpy; runpy.run_path('main.py', run_name='__main__')  # {token}"
    manifest = filled(bench, command=["python", "-c", program])
    for pid in processes_with(token):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    # An engine tells of the end a moment later, until when it may still be given to a job.
    wait_until(lambda: spares(bench) == 0)
    assert checked(bench.run({"how": "echo"}, manifest=manifest)).start is StartKind.COLD


def test_two_versions_used_in_turn_both_start_from_spares(bench: Bench) -> None:
    first = filled(bench)
    second = bench.next_version(first)
    assert bench.run({"how": "echo"}, manifest=second).start is StartKind.COLD
    wait_until(lambda: spares(bench) == 2, timeout_s=20)
    for manifest in (first, second, first, second):
        bench.put_source(manifest)
        assert checked(bench.run({"how": "echo"}, manifest=manifest)).start is StartKind.STANDBY
        wait_until(lambda: spares(bench) == 2, timeout_s=20)


@pytest.mark.parametrize("standby", [StandbyLimits(idle_ttl_s=10, memory_reserve_mib=0)], indirect=True)
def test_the_spares_of_a_version_that_is_used_no_longer_go_by_themselves(bench: Bench) -> None:
    old = filled(bench)
    new = bench.next_version(old)

    def only_the_new_one_is_left() -> bool:
        checked(bench.run({"how": "echo"}, manifest=new))
        return [each.version for each in bench.runtime.residents().spares] == [new.version]

    wait_until(only_the_new_one_is_left, timeout_s=45, interval_s=0.5)


@pytest.mark.parametrize("standby", [StandbyLimits(idle_ttl_s=8, memory_reserve_mib=0)], indirect=True)
def test_unused_spares_go(bench: Bench) -> None:
    filled(bench)
    wait_until(lambda: not containers() and not marked_runs())
    assert spares(bench) == 0


@pytest.mark.parametrize("standby", [StandbyLimits(memory_reserve_mib=10_000_000)], indirect=True)
def test_there_are_none_when_memory_is_short(bench: Bench) -> None:
    manifest = bench.manifest(standby=2)
    for _ in range(2):
        assert checked(bench.run({"how": "echo"}, manifest=manifest)).start is StartKind.COLD
    time.sleep(0.5)
    assert spares(bench) == 0


def test_sweep_spares_those_of_the_living(bench: Bench) -> None:
    manifest = filled(bench)
    wait_until(lambda: len(containers() or marked_runs()) == 1)
    assert bench.runtime.sweep(set()) == 0
    assert checked(bench.run({"how": "echo"}, manifest=manifest)).start is StartKind.STANDBY
