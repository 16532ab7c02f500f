"""What each program does: time a chain and a fan-out of steps that do nothing, and print one line of JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

CHAIN, FAN_OUT, ROUNDS = (int(argument) for argument in sys.argv[1:4])
"""Steps of the chain, items of the fan-out, and how often each is run after once to warm up."""


def measure(*, chain: Callable[[], object], fan_out: Callable[[], object], kept: str) -> None:
    """Time both; `kept` says in words what is left of a run when its process dies."""
    told = {"chain_ms": _times(chain), "fan_out_ms": _times(fan_out), "kept": kept}
    print(json.dumps(told))


def _times(run: Callable[[], object]) -> list[float]:
    run()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run()
        times.append((time.perf_counter() - began) * 1000)
    return times
