"""The cards of a run, as far as there is a device behind them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

DECLARED_PREFIX: Final = "fake-"
"""Of cards in a declared, made-up inventory: admitted like real ones, but no device is handed over."""


def real_cards(gpu_ids: Iterable[str]) -> list[str]:
    """Return the ids of the cards that a plugin can be shown."""
    return [gpu for gpu in gpu_ids if not gpu.startswith(DECLARED_PREFIX)]
