"""No more servers stay loaded than a worker's settings allow, and no larger ones."""

from __future__ import annotations

from typing import Any

import pytest

from analysis_server.runtimes.port import RunStatus
from satellite.contracts.outcome import StartKind
from satellite.contracts.plugin_manifest import PluginManifest
from tests.integration.execution.rig import Rig


@pytest.fixture
def changes() -> dict[str, Any]:
    return {"servers_max": 2, "servers_memory_mib": 600, "server_ready_timeout_s": 60}


def use(rig: Rig, manifest: PluginManifest) -> StartKind:
    result = rig.run(manifest)
    assert result.status is RunStatus.COMPLETED, result
    return result.start


def loaded(rig: Rig) -> list[str]:
    assert rig.look()
    return [each.name for each in rig.watch.loaded()]


def test_the_least_recently_used_makes_room(rig: Rig) -> None:
    first, second, third = rig.server(), rig.server(), rig.server()
    use(rig, first)
    use(rig, second)
    assert use(rig, first) is StartKind.WARM
    use(rig, third)
    assert loaded(rig) == [first.name, third.name]
    assert use(rig, first) is StartKind.WARM
    assert use(rig, second) is StartKind.COLD


def test_memory_is_room_too(rig: Rig) -> None:
    small, large = rig.server(memory_mib=128), rig.server(memory_mib=512)
    use(rig, small)
    use(rig, large)
    assert loaded(rig) == [large.name]


def test_busy_servers_take_turns_when_there_is_no_room(rig: Rig) -> None:
    manifests = [rig.server() for _ in range(4)]
    runs = [rig.start(manifest, how="slow", s=0.1) for _ in range(3) for manifest in manifests]
    assert [run.result(60).status for run in runs] == [RunStatus.COMPLETED] * 12
    assert len(loaded(rig)) <= 2
