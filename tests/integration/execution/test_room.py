"""Nothing runs beside what has its card or its memory, whatever stays loaded and whatever dies."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from analysis_server.execution.executor import ExecutorLost
from analysis_server.runtimes.port import RunResult, RunStatus
from satellite.contracts.outcome import StartKind
from tests.fixtures.servers import wait_until
from tests.integration.execution.rig import Rig


def done(result: RunResult) -> RunResult:
    assert result.status is RunStatus.COMPLETED, result
    return result


def test_an_idle_server_leaves_a_whole_card_before_another_plugin_gets_it(rig: Rig) -> None:
    first, second = rig.server(gpus=1), rig.server(gpus=1)
    done(rig.run(first))
    assert done(rig.run(first)).start is StartKind.WARM
    before = rig.things()
    assert before
    done(rig.run(second))
    assert not before & rig.things()
    assert done(rig.run(second)).start is StartKind.WARM
    assert rig.look()
    assert [(each.name, each.busy, each.gpu_ids) for each in rig.watch.loaded()] == [
        (second.name, False, ["fake-0"])
    ]
    assert rig.ledger.free().gpus == 0


def test_those_that_share_a_card_fit_its_memory(rig: Rig) -> None:
    models = [rig.server(gpus=0.25, gpu_memory_mib=400) for _ in range(3)]
    for model in models:
        done(rig.run(model))
    assert rig.look()
    assert [each.name for each in rig.watch.loaded()] == [models[1].name, models[2].name]
    assert rig.ledger.free().gpu_memory_mib == 200


def test_a_server_that_ended_by_itself_is_struck_off(rig: Rig) -> None:
    model = rig.server(memory_mib=512)
    done(rig.run(model))
    assert rig.ledger.free().memory_mib == 2_000 - 512
    assert rig.run(model, how="crash").status is RunStatus.FAILED
    wait_until(lambda: rig.look() and rig.ledger.free().memory_mib == 2_000)


def test_spares_hold_room_and_give_way(rig: Rig) -> None:
    oneshot = rig.manifest(standby=2, resources={"memory_mib": 128, "gpus": 0.25, "gpu_memory_mib": 300})
    done(rig.run(oneshot))
    wait_until(lambda: rig.look() and [each.count for each in rig.watch.spares()] == [2])
    assert rig.ledger.free().gpu_memory_mib == 400
    assert done(rig.run(oneshot)).start is StartKind.STANDBY
    wait_until(lambda: rig.look() and [each.count for each in rig.watch.spares()] == [2])

    greedy = rig.manifest(resources={"memory_mib": 128, "gpus": 1})
    running = rig.start(greedy, how="progress", pause_s=0.3)
    wait_until(lambda: rig.ledger.free().gpu_memory_mib == 0)
    wait_until(lambda: len(rig.things()) == 1)
    assert rig.look()
    assert sum(each.count for each in rig.watch.spares()) == 0
    done(running.result(60))


def test_the_spare_of_a_whole_card_is_used_by_its_next_job(rig: Rig) -> None:
    oneshot = rig.manifest(standby=1, resources={"memory_mib": 128, "gpus": 1})
    done(rig.run(oneshot))
    wait_until(lambda: rig.look() and [each.count for each in rig.watch.spares()] == [1])
    assert done(rig.run(oneshot)).start is StartKind.STANDBY


def test_after_the_executor_died_its_leftovers_are_gone_before_anything_runs(rig: Rig) -> None:
    idle, lost = rig.server(gpus=0.5), rig.manifest()
    done(rig.run(idle))
    running = rig.start(lost, how="loop")
    wait_until(lambda: len(rig.things()) >= 2)
    time.sleep(0.3)
    before = rig.things()
    os.kill(rig.executor_pid(), signal.SIGKILL)
    with pytest.raises(ExecutorLost):
        running.result(60)
    answer = done(rig.run(rig.manifest(resources={"gpus": 1, "memory_mib": 128})))
    assert json.loads(answer.result_json or b"") == {"answer": None}
    assert not before & rig.things()
    wait_until(lambda: rig.look() and rig.ledger.free().gpus == 1)
    assert rig.ledger.free().memory_mib == 2_000
