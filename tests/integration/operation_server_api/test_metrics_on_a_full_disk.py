"""A process whose metrics folder is on a full disk goes on, and shares what it counted once there is room."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.small_disk import mounted_disk

COUNTING = """
import sys
from operation_server.metrics import definitions, exposition

def count(name, until):
    for number in range(until):
        definitions.ATTEMPTS.labels(f"{name}-{number}-{'x' * 200}", "completed").inc()
        definitions.LIVE_CLIENTS.inc()

def shown():
    return exposition.render().decode().count("satellite_attempts_ended_total{")

for line in sys.stdin:
    word, name, until = line.split()
    if word == "count":
        count(name, int(until))
    print(shown(), flush=True)
"""


class Counter:
    """A process that counts on demand."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", COUNTING],
            env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def count(self, name: str, until: int) -> int:
        """Count under that many labels; returns how many a scrape shows."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"count {name} {until}\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.strip().isdecimal():
                return int(line)
        raise AssertionError(f"the process has ended with {self.process.wait(60)}")

    def stop(self) -> None:
        self.process.communicate(timeout=20)


@pytest.mark.parametrize("is_full_from_the_start", [False, True])
def test_counting_goes_on_while_full_and_is_shown_after(tmp_path: Path, is_full_from_the_start: bool) -> None:
    with mounted_disk(tmp_path / "disk", size_mib=2) as disk:
        if is_full_from_the_start:
            disk.fill()
        counter = Counter(disk.path / "metrics")
        try:
            before = 0 if is_full_from_the_start else counter.count("early", 10)
            disk.fill()
            while_full = counter.count("late", 1_000)
            disk.empty()
            after = counter.count("last", 1)
        finally:
            counter.stop()

    assert before == (0 if is_full_from_the_start else 10)
    assert while_full <= 1_010
    assert after == before + 1_001
    assert counter.process.returncode == 0
