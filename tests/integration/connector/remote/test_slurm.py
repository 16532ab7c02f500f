"""Jobs by a real Slurm: found again by name, run once however often submitted, judged by what Slurm says."""

from __future__ import annotations

import json
import os
import secrets
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis_server.connector import agent_messages as wire
from analysis_server.connector.agent_messages import ExitReason, RemoteState, SubmitState
from tests.fixtures.slurm import Slurm, running_slurm
from tests.integration.connector.remote.host import WAIT_S, Host, job, wait_until


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    with tempfile.TemporaryDirectory() as folder, running_slurm(Path(folder)) as slurm:
        yield slurm


@pytest.fixture
def host(slurm: Slurm, tmp_path: Path) -> Iterator[Host]:
    host = Host(tmp_path)
    host.variables = dict(slurm.variables)
    yield host
    slurm.ask("scancel", "-u", "root")
    host.end_all()


class Batch:
    """Jobs of one stack, which no other test uses: Slurm remembers for a while what ended."""

    def __init__(self, slurm: Slurm, stack: str) -> None:
        self._slurm = slurm
        self._stack = stack

    def job(self, number: int, *command: str, **fields: Any) -> wire.SubmitRequest:
        launcher = wire.Launcher(kind=wire.LauncherKind.SLURM, stack=self._stack, partition="main")
        return job(number, *command, launcher=launcher, **fields)

    def name(self, request: wire.SubmitRequest) -> str:
        return f"sat-{self._stack}-{request.name}"

    def numbers(self, request: wire.SubmitRequest, *states: str) -> list[str]:
        return self._slurm.ask(
            "squeue", "-h", "-t", ",".join(states) or "all", "-n", self.name(request), "-o", "%i"
        ).split()


@pytest.fixture
def batch(slurm: Slurm) -> Batch:
    return Batch(slurm, f"trial{secrets.token_hex(4)}")


def test_a_job_runs_by_slurm(host: Host, slurm: Slurm, batch: Batch) -> None:
    request = batch.job(1, "echo $SLURM_JOB_NAME; echo 1 > $OUTPUT_DIR/metrics.json", time_limit_s=60, cpus=1)
    assert host.submit(request) is SubmitState.SUBMITTED
    ending = host.wait_end(request.name)
    assert (ending.reason, ending.code) == (ExitReason.EXITED, 0)
    log = host.folder(request.name) / "logs/training.log"
    assert log.read_text() == f"{batch.name(request)}\n"
    assert (host.folder(request.name) / "outputs/status.txt").read_text() == "success\n"
    report = host.report(request.name)
    assert report.node == os.uname().nodename.partition(".")[0]


def test_many_submissions_have_one_effect(host: Host, slurm: Slurm, batch: Batch) -> None:
    request = batch.job(1, "echo ran >> $OUTPUT_DIR/../ran; sleep 2")
    body = json.dumps(request.model_dump(mode="json")).encode()
    processes = [host.start("submit") for _ in range(8)]
    for process in processes:
        process.communicate(body, timeout=WAIT_S)
    assert host.wait_end(request.name).code == 0
    assert len(batch.numbers(request)) == 1
    assert host.submit(request) is SubmitState.ALREADY


def test_a_second_batch_job_of_the_same_name_does_nothing(host: Host, slurm: Slurm, batch: Batch) -> None:
    """As if the first `sbatch` had worked and its answer been lost, and Slurm had not listed the job."""
    request = batch.job(1, "echo ran >> $OUTPUT_DIR/../ran; sleep 3")
    host.submit(request)
    script = host.folder(request.name) / ".satellite/batch.sh"
    assert slurm.ask(
        "sbatch", "--parsable", f"--job-name={batch.name(request)}", "--output=/dev/null", str(script)
    )
    assert host.wait_end(request.name).code == 0
    wait_until(lambda: batch.numbers(request, "PENDING", "RUNNING", "COMPLETING") == [])
    assert (host.folder(request.name) / "ran").read_text() == "ran\n"
    assert len(batch.numbers(request)) == 2


def test_what_waits_in_the_queue_is_cancelled_there(host: Host, slurm: Slurm, batch: Batch) -> None:
    first, second = batch.job(1, "sleep 1000", cpus=4), batch.job(2, "touch $OUTPUT_DIR/../ran", cpus=4)
    host.submit(first)
    host.wait_state(first.name, RemoteState.RUNNING)
    host.submit(second)
    report = host.wait_state(second.name, RemoteState.WAITING)
    assert report.launcher_state == "PENDING"
    assert host.cancel(second.name) is RemoteState.BURIED
    wait_until(lambda: batch.numbers(second, "PENDING") == [])
    assert host.cancel(first.name) is RemoteState.ENDED
    assert host.wait_end(first.name).reason is ExitReason.CANCELLED
    assert not (host.folder(second.name) / "ran").exists()


def test_cards_are_asked_for_and_chosen_by_slurm(host: Host, slurm: Slurm, batch: Batch) -> None:
    first, second = batch.job(1, "sleep 1000", gpus=2), batch.job(2, "true", gpus=1)
    host.submit(first)
    host.wait_state(first.name, RemoteState.RUNNING)
    host.submit(second)
    assert host.wait_state(second.name, RemoteState.WAITING).launcher_state == "PENDING"
    host.cancel(first.name)
    assert host.wait_end(second.name).code == 0


def test_a_supervisor_that_is_killed_is_judged_by_slurm(host: Host, slurm: Slurm, batch: Batch) -> None:
    request = batch.job(1, "sleep 1000")
    host.submit(request)
    host.wait_state(request.name, RemoteState.RUNNING)
    os.kill(host.owner(request.name)["pid"], signal.SIGKILL)
    ending = host.wait_end(request.name)
    assert ending.reason is ExitReason.LOST
    assert host.tree(request.name) == []


def test_without_slurm_nothing_is_concluded(host: Host, slurm: Slurm, batch: Batch) -> None:
    request = batch.job(1, "sleep 4")
    host.submit(request)
    host.wait_state(request.name, RemoteState.RUNNING)
    slurm.stop("slurmctld")
    try:
        report = host.report(request.name)
        assert report.state is RemoteState.RUNNING
        assert "squeue" in report.message
        # Its own record needs no Slurm.
        assert host.wait_end(request.name).code == 0
    finally:
        slurm.start("slurmctld")
        slurm.wait_ready()


def test_the_nodes_are_told(host: Host, slurm: Slurm) -> None:
    hello = wire.Hello.model_validate(host.ask("hello"))
    assert hello.launcher is wire.LauncherKind.SLURM
    assert [(node.cpus, node.memory_mib, node.gres) for node in hello.facts.nodes] == [(4, 1024, "gpu:2")]
