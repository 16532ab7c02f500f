"""Eight cards serve one model eight times: here four, declared, and plugins that want some of them."""

from __future__ import annotations

from typing import Any

import pytest

from analysis_server.runtimes.port import RunResult, RunStatus
from satellite.contracts.outcome import StartKind
from satellite.contracts.plugin_manifest import PluginManifest
from tests.fixtures.servers import wait_until
from tests.integration.execution.rig import Rig


@pytest.fixture
def changes() -> dict[str, Any]:
    return {"fake_gpus": "4x1000", "cpus": 8, "memory_mib": 4_000, "server_ready_timeout_s": 60}


def model(rig: Rig, replicas: int, **changes: Any) -> PluginManifest:
    return rig.manifest(
        mode="server",
        command=["python", "raw_server.py"],
        replicas=replicas,
        resources={"cpus": 1, "memory_mib": 128, "gpus": 1},
        **changes,
    )


def done(result: RunResult) -> RunResult:
    assert result.status is RunStatus.COMPLETED, result
    return result


def cards(rig: Rig, plugin: PluginManifest) -> list[str]:
    assert rig.look()
    return sorted(
        card for each in rig.watch.loaded() if each.name == plugin.name for card in each.gpu_ids
    )  # fmt: skip


def test_each_card_has_one_up_to_as_many_as_wished_and_eviction_takes_one(rig: Rig) -> None:
    plugin = model(rig, 3)
    runs = [rig.start(plugin, how="slow", s=1.0) for _ in range(6)]
    wait_until(lambda: len(cards(rig, plugin)) == 3)
    for run in runs:
        done(run.result(60))
    assert cards(rig, plugin) == ["fake-0", "fake-1", "fake-2"]
    assert rig.ledger.free().gpus == 1
    before = rig.things()
    assert len(before) == 3

    two_cards = rig.manifest(resources={"memory_mib": 128, "gpus": 2})
    done(rig.run(two_cards))
    assert len(cards(rig, plugin)) == 2
    assert done(rig.run(plugin)).start is StartKind.WARM
    assert len(before & rig.things()) == 2


def test_no_job_waits_for_a_replica_that_starts_while_another_is_free(rig: Rig) -> None:
    plugin = model(rig, 2, env={"SERVER_START_S": "2"})
    assert done(rig.run(plugin)).start is StartKind.COLD
    runs = [rig.start(plugin, how="slow", s=0.2) for _ in range(2)]
    assert [done(run.result(60)).start for run in runs] == [StartKind.WARM, StartKind.WARM]
    wait_until(lambda: cards(rig, plugin) == ["fake-0", "fake-1"])
