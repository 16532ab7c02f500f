"""The cards that were granted reach the plugin, however it is started."""

from __future__ import annotations

import json
from typing import Any

import pytest
from docker import APIClient

from analysis_server.runtimes.container import starter
from analysis_server.runtimes.container.creation import ContainerCreator
from analysis_server.runtimes.container.runtime import ContainerRuntime
from analysis_server.runtimes.container.session import ContainerSession, open_session
from analysis_server.runtimes.port import RunResult, RunStatus
from satellite.contracts.outcome import StartKind
from satellite.contracts.plugin_manifest import PluginManifest
from tests.contract.runtimes.bench import Bench
from tests.fixtures.servers import wait_until

CARDS = ("GPU-1f4", "GPU-2c0")


class Seen:
    """What runs of the tests were given, as each runtime shows it."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        self._bench = bench
        self._requests: list[Any] = []
        monkeypatch.setattr(starter, "open_session", self._open)

    def run(self, manifest: PluginManifest) -> RunResult:
        result = self._bench.run(
            {"how": "variable", "name": "CUDA_VISIBLE_DEVICES"}, manifest=manifest, gpu_ids=CARDS
        )
        assert result.status is RunStatus.COMPLETED, result
        return result

    def cards_of(self, result: RunResult) -> list[str]:
        if isinstance(self._bench.runtime, ContainerRuntime):
            (request,) = self._requests[-1]
            assert request["Capabilities"] == [["gpu"]]
            return list(request["DeviceIDs"])
        return str(json.loads(result.result_json or b"")["answer"]).split(",")

    def _open(
        self, client: APIClient, config: dict[str, Any], creator: ContainerCreator, **more: Any
    ) -> ContainerSession:
        # No such card is in this machine: noted, and left out of what the engine is asked for.
        self._requests.append(config["HostConfig"].pop("DeviceRequests"))
        return open_session(client, config, creator, **more)


@pytest.fixture
def seen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Seen:
    return Seen(bench, monkeypatch)


def test_of_a_job(bench: Bench, seen: Seen) -> None:
    assert seen.cards_of(seen.run(bench.manifest())) == list(CARDS)


def test_of_a_server(bench: Bench, seen: Seen) -> None:
    assert seen.cards_of(seen.run(bench.server())) == list(CARDS)


def test_of_a_spare(bench: Bench, seen: Seen) -> None:
    manifest = bench.manifest(standby=1)
    seen.run(manifest)
    wait_until(lambda: [each.ready for each in bench.runtime.residents().spares] == [1])
    result = seen.run(manifest)
    assert result.start is StartKind.STANDBY
    assert seen.cards_of(result) == list(CARDS)
