"""The graphics cards of this machine: found with NVML, or declared where there are none."""

from __future__ import annotations

import functools
import os

import structlog

from satellite.contracts.worker import GPUCard

logger = structlog.get_logger(__name__)


@functools.cache
def detect_cards(declared: str | None = None) -> tuple[GPUCard, ...]:
    """Return the cards; `declared` such as `2x24000` (cards x MiB) stands for made-up ones.

    `CUDA_VISIBLE_DEVICES` restricts the real ones as it does for CUDA programs.
    """
    if declared:
        count, memory_mib = map(int, declared.split("x"))
        return tuple(
            GPUCard(uuid=f"fake-{index}", name="declared", memory_mib=memory_mib) for index in range(count)
        )
    cards = _find_cards()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return cards
    wanted = [entry.strip() for entry in visible.split(",") if entry.strip()]
    return tuple(card for index, card in enumerate(cards) if str(index) in wanted or card.uuid in wanted)


def _find_cards() -> tuple[GPUCard, ...]:
    try:
        import pynvml  # noqa: PLC0415  # Loads a driver library that most machines lack.

        pynvml.nvmlInit()
    except Exception as error:  # noqa: BLE001  # Whatever is wrong with the driver, there are no cards then.
        logger.debug("no graphics cards", error=str(error))
        return ()
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return tuple(
            GPUCard(
                uuid=_text(pynvml.nvmlDeviceGetUUID(handle)),
                name=_text(pynvml.nvmlDeviceGetName(handle)),
                memory_mib=int(pynvml.nvmlDeviceGetMemoryInfo(handle).total) // 1024**2,
            )
            for handle in handles
        )
    finally:
        pynvml.nvmlShutdown()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
