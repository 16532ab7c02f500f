"""Start-up time of `satellite up` and the memory of the platform at rest."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from tests.acceptance.platform import Platform
from tests.fixtures.servers import wait_until
from tests.performance.figure import Figure

FIGURES = 3
SETTLE_S = 20


def measure(platform: Platform) -> list[Figure]:
    """Start the platform with its demo job; leaves it running."""
    began = time.perf_counter()
    platform.start()
    ready_s = time.perf_counter() - began
    wait_until(lambda: "completed" in platform.output, timeout_s=120)
    result_s = time.perf_counter() - began
    time.sleep(SETTLE_S)  # A settled stack is what is measured, not a condition to wait for.
    return [
        Figure(name="start until ready", value=ready_s, unit="s"),
        Figure(name="start until the first result", value=result_s, unit="s", target="<= 20 s"),
        Figure(name="memory at rest (PSS)", value=memory_mib(platform), unit="MiB", target="< 1024 MiB"),
    ]


def memory_mib(platform: Platform) -> float:
    """Return the proportional set size of all processes of the stack."""
    total_kib = 0
    assert platform.process is not None
    # By descent, because Redis and Ray's actors write over the memory that shows their environment.
    for process in psutil.Process(platform.process.pid).children(recursive=True):
        rollup = Path("/proc") / str(process.pid) / "smaps_rollup"
        try:
            text = rollup.read_text()
        except OSError:
            continue
        total_kib += next(int(row.split()[1]) for row in text.splitlines() if row.startswith("Pss:"))
    return total_kib / 1024
