"""The process in which plugins run dies: what can go on without it does, and all else is removed."""

from __future__ import annotations

import os
import signal
from concurrent.futures import Future

import pytest
from redis import Redis

from analysis_server.execution.executor import ExecutorLost
from analysis_server.reporting.leases import LeaseKeeper
from analysis_server.runtimes.port import RunResult, RunStatus
from tests.fixtures.servers import wait_until
from tests.integration.execution.rig import Rig


def kill(rig: Rig) -> None:
    os.kill(rig.executor_pid(), signal.SIGKILL)


def lost(run: Future[RunResult]) -> bool:
    return isinstance(run.exception(timeout=60), ExecutorLost)


@pytest.mark.parametrize("rig", ["container"], indirect=True)
def test_a_run_is_attached_to_by_the_next_executor(rig: Rig, redis_url: str) -> None:
    manifest = rig.manifest()
    kept = rig.start(manifest, how="progress", pause_s=3)
    [(key, handle)] = wait_until(lambda: list(rig.executor.attachable().handles.items()))
    forgotten = rig.start(manifest, how="loop")
    wait_until(lambda: len(rig.things()) == 2)
    with Redis.from_url(redis_url) as redis:
        LeaseKeeper(redis, worker="tests", held=list).keep_adoptable([key])
    kill(rig)
    assert lost(kept)
    assert lost(forgotten)
    result = rig.executor.attach(rig.request(manifest, key), handle)
    assert result.status is RunStatus.COMPLETED, result
    wait_until(lambda: not rig.things())


@pytest.mark.parametrize("rig", ["container"], indirect=True)
def test_nothing_is_told_of_short_runs(rig: Rig) -> None:
    manifest = rig.manifest()
    for _ in range(3):
        rig.run(manifest)
        assert not rig.executor.attachable().handles


@pytest.mark.parametrize("rig", ["process"], indirect=True)
def test_processes_have_no_place_to_be_found_at(rig: Rig) -> None:
    run = rig.start(rig.manifest(), how="progress", pause_s=1)
    assert rig.executor.attachable().place is None
    assert run.result().status is RunStatus.COMPLETED
