"""Cards are found as the driver tells of them, and no fault of a driver harms the worker."""

# ruff: noqa: N802 - the names are the driver's.

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pynvml
import pytest

from analysis_server.execution.gpu_inventory import detect_cards, find_cards, visible_cards
from satellite.contracts.worker import GPUCard

MIB = 1024**2


class Driver(ModuleType):
    """NVML of a made-up machine: each device a size in MiB, or the sizes of its instances."""

    NVMLError_NotFound = pynvml.NVMLError_NotFound

    def __init__(self, *devices: int | list[int | None] | None) -> None:
        super().__init__("pynvml")
        self.devices = devices
        self.shut = 0

    def nvmlInit(self) -> None:
        """Begin."""

    def nvmlShutdown(self) -> None:
        self.shut += 1

    def nvmlDeviceGetCount(self) -> int:
        return len(self.devices)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Any:
        if self.devices[index] is None:
            raise pynvml.NVMLError_GpuIsLost
        return (index, None)

    def nvmlDeviceGetName(self, handle: Any) -> bytes:
        return b"made up"

    def nvmlDeviceGetUUID(self, handle: Any) -> str:
        index, place = handle
        return f"GPU-{index}abc" if place is None else f"MIG-{index}-{place}"

    def nvmlDeviceGetMemoryInfo(self, handle: Any) -> Any:
        index, place = handle
        device: Any = self.devices[index]
        return SimpleNamespace(total=(device if place is None else device[place]) * MIB)

    def nvmlDeviceGetMigMode(self, handle: Any) -> tuple[int, int]:
        device = self.devices[handle[0]]
        if isinstance(device, int):
            raise pynvml.NVMLError_NotSupported
        return (1, 1)

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: Any) -> int:
        device: Any = self.devices[handle[0]]
        return len(device)

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: Any, place: int) -> Any:
        device: Any = self.devices[handle[0]]
        if device[place] is None:
            raise pynvml.NVMLError_NotFound
        return (handle[0], place)


def install(monkeypatch: pytest.MonkeyPatch, driver: Driver) -> Driver:
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    return driver


def told(found: list[list[GPUCard]]) -> list[list[tuple[str, int]]]:
    return [[(card.uuid, card.memory_mib) for card in device] for device in found]


def test_cards_have_their_id_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = install(monkeypatch, Driver(24_000, 80_000))
    assert told(find_cards()) == [[("GPU-0abc", 24_000)], [("GPU-1abc", 80_000)]]
    assert driver.shut == 1


def test_a_split_card_is_its_instances(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Driver([20_000, None, 10_000], 24_000))
    assert told(find_cards()) == [[("MIG-0-0", 20_000), ("MIG-0-2", 10_000)], [("GPU-1abc", 24_000)]]


def test_a_card_that_is_lost_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Driver(None, 24_000))
    assert told(find_cards()) == [[], [("GPU-1abc", 24_000)]]


@pytest.mark.parametrize("broken", ["nvmlInit", "nvmlDeviceGetCount", "nvmlShutdown"])
def test_a_broken_driver_means_no_cards_and_no_crash(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    driver = install(monkeypatch, Driver(24_000))

    def fail() -> None:
        raise pynvml.NVMLError_Unknown

    monkeypatch.setattr(driver, broken, fail, raising=False)
    assert len(find_cards()) == (1 if broken == "nvmlShutdown" else 0)


def test_without_a_driver_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert find_cards() == []


def test_declared_cards_stand_for_real_ones() -> None:
    assert [(card.uuid, card.memory_mib) for card in detect_cards("2x24000")] == [
        ("fake-0", 24_000),
        ("fake-1", 24_000),
    ]


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        (None, ["GPU-0abc", "MIG-1-0", "MIG-1-1"]),
        ("", []),
        ("0", ["GPU-0abc"]),
        ("1", ["MIG-1-0", "MIG-1-1"]),
        ("GPU-0", ["GPU-0abc"]),
        ("MIG-1-1, 0", ["GPU-0abc", "MIG-1-1"]),
        ("-1", []),
    ],
)
def test_what_cuda_may_not_see_is_left_out(visible: str | None, expected: list[str]) -> None:
    found = [
        [GPUCard(uuid="GPU-0abc")],
        [GPUCard(uuid="MIG-1-0"), GPUCard(uuid="MIG-1-1")],
    ]
    assert [card.uuid for card in visible_cards(found, visible)] == expected
