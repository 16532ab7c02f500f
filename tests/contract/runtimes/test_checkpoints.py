"""What every runtime does with what a training leaves for a later attempt of its job."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from analysis_server.runtimes.port import RunRequest, RunResult, RunStatus
from satellite.contracts.outcome import ErrorKind
from tests.contract.runtimes.bench import FILES, Bench, Ear, files_left
from tests.fixtures.servers import wait_until


def training(bench: Bench, job: dict[str, Any], **manifest: Any) -> RunRequest:
    trainer = bench.manifest(trains="counter", **manifest)
    return bench.request({"how": "count up", **job}, manifest=trainer, shares_files=True)


def attempts(bench: Bench, request: RunRequest, *, most: int = 5) -> list[RunResult]:
    """Run a job until it has a result."""
    results: list[RunResult] = []
    while not results or (results[-1].status is not RunStatus.COMPLETED and len(results) < most):
        results.append(bench.runtime.run(replace(request, attempt=len(results) + 1), Ear()))
    return results


def test_a_killed_attempt_is_gone_on_with(bench: Bench) -> None:
    first, second, third = attempts(bench, training(bench, {"until": 3}))

    for killed in (first, second):
        assert killed.error is not None
        assert killed.error.kind is ErrorKind.KILLED
    assert (third.status, third.result_json) == (RunStatus.COMPLETED, b'{"answer": 3}')
    # Nothing is left once it has its result, of checkpoints neither.
    wait_until(lambda: not files_left())
    assert list(FILES.glob("*/checkpoints/*")) == []


def test_another_job_begins_anew(bench: Bench) -> None:
    request = training(bench, {"until": 2})
    assert bench.runtime.run(request, Ear()).status is RunStatus.FAILED
    other = replace(request, job_id=request.job_id + 100_000)
    assert len(attempts(bench, other)) == len(attempts(bench, request)) + 1


def test_more_than_it_may_write_is_told_and_not_kept(bench: Bench) -> None:
    request = training(
        bench, {"until": 2, "bytes": 3_000_000}, resources={"memory_mib": 128, "output_mib": 1}
    )
    result = bench.runtime.run(request, Ear())

    assert result.status is RunStatus.FAILED
    assert len(attempts(bench, replace(request, input_json=b'{"how": "count up", "until": 2}'))) == 2


def test_others_have_no_such_place(bench: Bench) -> None:
    result = bench.run({"how": "count up", "until": 1}, shares_files=True)

    assert result.error is not None
    assert "SATELLITE_CHECKPOINT_DIR" in (result.error.stderr_tail or "")
