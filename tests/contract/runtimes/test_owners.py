"""What every runtime keeps apart when one server works for several users."""

from __future__ import annotations

import json
from concurrent.futures import Future
from typing import Any

import pytest

from analysis_server.runtimes.port import RunResult, RunStatus
from analysis_server.runtimes.serving.limits import ServerLimits
from satellite.contracts.outcome import ErrorKind
from satellite.contracts.plugin_manifest import PluginManifest
from tests.contract.runtimes.bench import Bench, Ear
from tests.fixtures.servers import wait_until

ADA, BOB = 1, 2
SECRET = "the secret of ada"


def start(
    bench: Bench, manifest: PluginManifest, owner_id: int, job: dict[str, Any]
) -> tuple[Future[RunResult], Ear]:
    ear = Ear()
    return bench.start(bench.request(job, manifest=manifest, owner_id=owner_id), ear), ear


def run(bench: Bench, manifest: PluginManifest, owner_id: int, job: dict[str, Any]) -> RunResult:
    return start(bench, manifest, owner_id, job)[0].result(60)


def log_of(result: RunResult) -> str:
    return result.log.text() if result.log else ""


def told_to(result: RunResult, ear: Ear) -> str:
    """Return all that an owner can read of a job."""
    return f"{result} {log_of(result)} {ear.lines} {ear.fractions}"


def completed(result: RunResult) -> Any:
    assert result.status is RunStatus.COMPLETED, result
    return json.loads(result.result_json or b"")


def test_each_owner_has_a_server_of_its_own(bench: Bench) -> None:
    manifest = bench.server()
    found = [
        completed(run(bench, manifest, owner_id, {"how": "note", "name": name}))["answer"]
        for owner_id, name in ((ADA, "one"), (BOB, "two"), (ADA, "three"))
    ]
    assert found == [[], [], ["note-one"]]
    assert len(bench.runtime.residents().servers) == 2


def test_a_server_that_is_shared_is_one(bench: Bench) -> None:
    manifest = bench.server(shared=True)
    found = [
        completed(run(bench, manifest, owner_id, {"how": "note", "name": name}))["answer"]
        for owner_id, name in ((ADA, "one"), (BOB, "two"))
    ]
    assert found == [[], ["note-one"]]
    assert len(bench.runtime.residents().servers) == 1


@pytest.mark.parametrize("late", [SECRET, f"::progress 0.5 {SECRET}"])
def test_late_lines_of_one_users_job_are_not_told_to_the_next(bench: Bench, late: str) -> None:
    manifest = bench.server(shared=True)
    first, _ = start(bench, manifest, ADA, {"how": "slow", "s": 0.3, "late": late})
    second, ear = start(bench, manifest, BOB, {"how": "slow", "s": 0.6})
    completed(first.result(60))
    completed(second.result(60))
    assert SECRET not in told_to(second.result(), ear)


def test_a_crash_does_not_tell_what_an_earlier_users_job_wrote(bench: Bench) -> None:
    manifest = bench.server(shared=True)
    first, ear = start(bench, manifest, ADA, {"how": "slow", "s": 0.3, "late": SECRET})
    second, ear = start(bench, manifest, BOB, {"how": "quiet crash"})
    completed(first.result(60))
    result = second.result(60)
    assert result.error is not None
    assert result.error.kind is ErrorKind.EXIT
    assert SECRET not in told_to(result, ear)


def test_a_server_that_has_served_one_user_only_tells_its_lines(bench: Bench) -> None:
    manifest = bench.server(shared=True)
    # Long enough for the line to come before the answer, which takes another way.
    work = {"how": "slow", "s": 0.2}
    assert log_of(run(bench, manifest, ADA, {**work, "log": "one"})) == "one\n"
    assert log_of(run(bench, manifest, ADA, {**work, "log": "two"})) == "two\n"
    assert log_of(run(bench, manifest, BOB, {**work, "log": "three"})) == ""
    error = run(bench, manifest, BOB, {"how": "noise"}).error
    assert error is not None
    assert "Loading the model" not in error.message
    assert "another user" in error.message


def test_the_sdk_marks_whose_lines_are_whose(bench: Bench) -> None:
    manifest = bench.server("sdk_plugin.py", shared=True)
    unfinished = run(bench, manifest, ADA, {"how": "log", "unfinished": SECRET})
    assert SECRET in log_of(unfinished)
    for owner_id, name in ((BOB, "bob"), (ADA, "ada"), (BOB, "bob")):
        result = run(bench, manifest, owner_id, {"how": "log", "name": name})
        assert log_of(result) == "".join(f"{name} {step}\n" for step in range(1, 5))
        assert result.progress == 1.0


def test_a_failed_start_is_told_to_whom_it_was_made_for(bench: Bench) -> None:
    manifest = bench.server(shared=True, env={"SERVER_START": "exit", "SERVER_START_S": "1"})
    first, _ = start(bench, manifest, ADA, {"how": "echo"})
    wait_until(lambda: bench.runtime.residents().servers)
    second, ear = start(bench, manifest, BOB, {"how": "echo"})
    theirs, others = first.result(60).error, second.result(60).error
    assert theirs is not None
    assert "no model found" in theirs.message
    assert theirs.stderr_tail == "no model found\n"
    assert others is not None
    assert (others.kind, others.exit_code) == (ErrorKind.EXIT, 5)
    assert "no model found" not in told_to(second.result(), ear)
    assert "another user" in others.message


@pytest.mark.parametrize("servers", [ServerLimits(ready_timeout_s=3)], indirect=True)
def test_noise_instead_of_ready_is_told_to_whom_the_start_was_made_for(bench: Bench) -> None:
    manifest = bench.server(shared=True, env={"SERVER_START": "never"})
    first, _ = start(bench, manifest, ADA, {"how": "echo"})
    wait_until(lambda: bench.runtime.residents().servers)
    second, _ = start(bench, manifest, BOB, {"how": "echo"})
    theirs, others = first.result(60).error, second.result(60).error
    assert theirs is not None
    assert "'still loading'" in theirs.message
    assert others is not None
    assert others.kind is ErrorKind.TIMEOUT
    assert "still loading" not in others.message


def batch_of_both(bench: Bench, *, across_owners: bool, **job: Any) -> list[tuple[RunResult, Ear]]:
    batch = {"max_size": 4, "max_wait_ms": 500, "across_owners": across_owners}
    manifest = bench.server("sdk_batch.py", batch=batch, shared=True)
    completed(run(bench, manifest, ADA, {"value": 0}))
    runs = [start(bench, manifest, owner_id, {"value": owner_id, **job}) for owner_id in (ADA, BOB, ADA, BOB)]
    return [(future.result(60), ear) for future, ear in runs]


def test_a_batch_holds_jobs_of_one_user(bench: Bench) -> None:
    batch = {"max_size": 4, "max_wait_ms": 500}
    manifest = bench.server("sdk_batch.py", batch=batch, shared=True)
    completed(run(bench, manifest, ADA, {"value": 0}))
    runs = [start(bench, manifest, owner, {"log": f"of {owner}"})[0] for owner in (ADA, BOB, ADA, BOB, BOB)]
    results = [future.result(60) for future in runs]
    assert [completed(result)["size"] for result in results] == [2, 3, 2, 3, 3]
    assert log_of(results[0]) == "of 1\nof 1\n"
    assert log_of(results[1]) == "of 2\nof 2\nof 2\n"


def test_a_plugin_that_may_mix_tells_no_lines_of_a_mixed_batch(bench: Bench) -> None:
    for result, ear in batch_of_both(bench, across_owners=True, log=SECRET):
        assert completed(result)["size"] == 4
        assert SECRET not in told_to(result, ear)


@pytest.mark.parametrize("across_owners", [False, True])
def test_an_error_of_a_whole_batch_is_told_to_one_user_only(bench: Bench, *, across_owners: bool) -> None:
    for result, ear in batch_of_both(bench, across_owners=across_owners, refuse=SECRET):
        assert result.error is not None
        assert result.error.kind is ErrorKind.EXIT
        assert (SECRET in told_to(result, ear)) is not across_owners


@pytest.mark.parametrize("across_owners", [False, True])
def test_a_crash_of_a_batch_is_told_to_one_user_only(bench: Bench, *, across_owners: bool) -> None:
    for result, ear in batch_of_both(bench, across_owners=across_owners, log=SECRET, die=True):
        assert result.error is not None
        assert result.error.exit_code == 7
        assert (SECRET in told_to(result, ear)) is not across_owners
