"""The cluster's own `gpu-run`, by a stand-in of its interface: it prints the number of a process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from analysis_server.connector import agent_messages as wire
from analysis_server.connector.agent_messages import ExitReason, RemoteState, SubmitState
from tests.integration.connector.remote.host import Host, job, wait_until

PROGRAM = """#!/bin/sh
echo "$@" >> "$0.calls"
for script; do :; done
test -e "$0.refuses" && { echo no cards for you >&2; exit 3; }
export CUDA_VISIBLE_DEVICES=GPU-of-the-cluster
(while test -e "$0.full"; do sleep 0.1; done; exec setsid "$script") >/dev/null 2>&1 &
echo $!
"""


def by_cluster(number: int, *command: str, **fields: Any) -> wire.SubmitRequest:
    return job(number, *command, launcher=wire.Launcher(kind=wire.LauncherKind.GPU_RUN), **fields)


def test_a_job_runs_by_it_and_how_it_ended_is_ours_to_say(host: Host) -> None:
    program = host.program("gpu-run", PROGRAM)
    script = "echo $CUDA_VISIBLE_DEVICES; echo ran >> $OUTPUT_DIR/../ran; exit 7"
    request = by_cluster(1, script, gpus=2, memory_mib=32768)
    assert host.submit(request) is SubmitState.SUBMITTED
    ending = host.wait_end(request.name)
    assert (ending.reason, ending.code) == (ExitReason.EXITED, 7)
    assert (host.folder(request.name) / "logs/training.log").read_text() == "GPU-of-the-cluster\n"
    assert host.report(request.name).gpus == ("GPU-of-the-cluster",)
    script_path = host.folder(request.name) / ".satellite/start.sh"
    assert program.with_suffix(".calls").read_text() == f"--gpus 2 --memory 32768M {script_path}\n"
    assert host.submit(request) is SubmitState.ALREADY
    assert (host.folder(request.name) / "ran").read_text() == "ran\n"


def test_what_waits_for_the_cluster_is_not_started_twice_and_can_be_cancelled(host: Host) -> None:
    program = host.program("gpu-run", PROGRAM)
    full = program.with_suffix(".full")
    full.touch()
    request = by_cluster(1, "touch $OUTPUT_DIR/../ran", gpus=1)
    host.submit(request)
    assert host.submit(request) is SubmitState.ALREADY
    assert len(program.with_suffix(".calls").read_text().splitlines()) == 1
    report = host.report(request.name)
    assert report.state is RemoteState.WAITING
    assert report.launcher_state is not None
    assert host.cancel(request.name) is RemoteState.BURIED
    full.unlink()
    wait_until(lambda: not Path(f"/proc/{report.launcher_state}").exists())
    assert not (host.folder(request.name) / "ran").exists()


def test_a_refusal_of_the_cluster_is_told_and_the_submission_may_be_repeated(host: Host) -> None:
    program = host.program("gpu-run", PROGRAM)
    refuses = program.with_suffix(".refuses")
    refuses.touch()
    request = by_cluster(1, "exit 8", gpus=1)
    error = host.ask("submit", request.model_dump(mode="json"))["error"]
    assert (error["kind"], "no cards for you" in error["message"]) == ("launcher", True)
    assert host.report(request.name).state is RemoteState.CLAIMED
    refuses.unlink()
    assert host.submit(request) is SubmitState.ALREADY
    assert host.wait_end(request.name).code == 8
