"""The graphics cards of this machine: found with NVML, or declared where there are none."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator, Sequence
from typing import Any

import structlog

from analysis_server.runtimes.run.cards import DECLARED_PREFIX
from satellite.contracts.worker import GPUCard

ID_CHARS_MIN = 4
"""Shorter beginnings of ids could be numbers."""

logger = structlog.get_logger(__name__)


@functools.cache
def detect_cards(declared: str | None = None) -> tuple[GPUCard, ...]:
    """Return the cards; `declared` such as `2x24000:A100` (cards x MiB : kind) stands for made-up ones.

    `CUDA_VISIBLE_DEVICES` restricts the real ones as it does for CUDA programs.
    """
    if declared:
        sizes, _, kind = declared.partition(":")
        count, memory_mib = map(int, sizes.split("x"))
        return tuple(
            GPUCard(uuid=f"{DECLARED_PREFIX}{index}", name=kind or "declared", memory_mib=memory_mib)
            for index in range(count)
        )
    return visible_cards(find_cards(), os.environ.get("CUDA_VISIBLE_DEVICES"))


def visible_cards(found: Sequence[Sequence[GPUCard]], visible: str | None) -> tuple[GPUCard, ...]:
    """Return those of the devices that a list of indices and (beginnings of) ids names; all without one."""
    if visible is None:
        return tuple(card for device in found for card in device)
    wanted = [entry.strip() for entry in visible.split(",") if entry.strip()]
    return tuple(
        card
        for index, device in enumerate(found)
        for card in device
        if any(entry == str(index) or (len(entry) > 3 and card.uuid.startswith(entry)) for entry in wanted)
    )


def find_cards() -> list[list[GPUCard]]:
    """Return each device as the cards that it can be used as: itself, or the instances it is split into.

    A driver that is absent or broken means that there are no cards, never that the worker cannot start.
    """
    try:
        import pynvml  # noqa: PLC0415  # Loads a driver library that most machines lack.

        pynvml.nvmlInit()
    except Exception as error:  # noqa: BLE001  # Whatever is wrong with the driver, there are no cards then.
        logger.debug("no graphics cards", error=str(error))
        return []
    try:
        return [_describe_device(pynvml, index) for index in range(pynvml.nvmlDeviceGetCount())]
    except Exception as error:  # noqa: BLE001
        logger.warning("graphics cards cannot be counted", error=str(error))
        return []
    finally:
        with contextlib.suppress(Exception):
            pynvml.nvmlShutdown()


def _describe_device(nvml: Any, index: int) -> list[GPUCard]:
    """Return nothing of a device that does not answer: it would fail every job it is given."""
    try:
        device = nvml.nvmlDeviceGetHandleByIndex(index)
        name = _text(nvml.nvmlDeviceGetName(device))
        # One that is split cannot be used as a whole.
        handles = list(_instances(nvml, device)) if _is_split(nvml, device) else [device]
        return [
            GPUCard(
                uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
                name=name,
                memory_mib=int(nvml.nvmlDeviceGetMemoryInfo(handle).total) // 1024**2,
            )
            for handle in handles
        ]
    except Exception as error:  # noqa: BLE001
        logger.warning("a graphics card does not answer and is left out", index=index, error=str(error))
        return []


def _is_split(nvml: Any, device: Any) -> bool:
    try:
        current, _ = nvml.nvmlDeviceGetMigMode(device)
    except Exception:  # noqa: BLE001  # Most cards cannot be split, which NVML calls an error.
        return False
    return bool(current)


def _instances(nvml: Any, device: Any) -> Iterator[Any]:
    for index in range(nvml.nvmlDeviceGetMaxMigDeviceCount(device)):
        # The places are numbered whether something is there or not.
        with contextlib.suppress(nvml.NVMLError_NotFound):
            yield nvml.nvmlDeviceGetMigDeviceHandleByIndex(device, index)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
