"""Which models of the direct lane share a card, on one that is only declared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from analysis_server.inference.errors import ModelUnavailable
from analysis_server.inference.room import ModelRoom
from analysis_server.inference.settings import InferenceSettings
from analysis_server.runtimes.residents import ResidentKey
from analysis_server.runtimes.serving.fleet import ServerFleet
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.worker import GPUCard

CARD = GPUCard(uuid="GPU-1", memory_mib=10_000)


class Fleet:
    """What is told to end models, and does."""

    def __init__(self) -> None:
        self.evicted: list[str] = []

    def evict(self, servers: Sequence[ResidentKey], *, timeout_s: float) -> list[ResidentKey]:
        del timeout_s
        self.evicted += [resident for resident, _ in servers]
        return list(servers)


def room_of(fleet: Fleet, *, fraction: float) -> ModelRoom:
    settings = InferenceSettings(gpu_memory_fraction=fraction, cpus=8, memory_mib=8_192, ready_timeout_s=0.2)
    return ModelRoom(settings, cast("ServerFleet", fleet), [CARD])


def model(name: str, *, gpu_memory_mib: int) -> PluginManifest:
    return PluginManifest.model_validate(
        {
            "name": name,
            "version": "1",
            "docker_image": "x",
            "input_schema": {},
            "output_schema": {},
            "mode": "server",
            "resources": {"gpus": 0.1, "gpu_memory_mib": gpu_memory_mib, "memory_mib": 256, "cpus": 1},
        }
    )


async def test_two_that_fit_are_packed_on_one_card_and_the_unused_one_makes_way() -> None:
    fleet = Fleet()
    room = room_of(fleet, fraction=0.8)
    holds = [await room.enter(model(name, gpu_memory_mib=4_000), name) for name in ("first", "second")]

    assert [hold.allocation.gpu_ids for hold in holds] == [("GPU-1",), ("GPU-1",)]
    room.leave(holds[0])
    await room.enter(model("third", gpu_memory_mib=4_000), "third")
    assert fleet.evicted == ["first"]


async def test_beyond_the_fraction_of_the_card_there_is_no_room() -> None:
    room = room_of(Fleet(), fraction=0.5)
    await room.enter(model("first", gpu_memory_mib=4_000), "first")

    with pytest.raises(ModelUnavailable):
        await room.enter(model("second", gpu_memory_mib=4_000), "second")
