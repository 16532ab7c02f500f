"""Processes that share a folder are scraped as one, and dead ones do not lie."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.fixtures.servers import wait_until

CLIENT = """
import sys, time
from operation_server.metrics import recording
from operation_server.metrics.pending import hand_on
recording.live_client_came()
recording.outcomes_applied(3, stale=0)
hand_on()
print("told", flush=True)
time.sleep(60)
"""
SCRAPE = "from operation_server.metrics.exposition import render; print(render().decode())"


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)}


def start(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", CLIENT], env=environment(folder), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "told\n"
    return process


def scrape(folder: Path) -> dict[str, float]:
    text = subprocess.run(
        [sys.executable, "-c", SCRAPE], env=environment(folder), capture_output=True, text=True, check=True
    ).stdout
    rows = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(number) for name, number in rows}


def end(process: subprocess.Popen[str], number: signal.Signals) -> None:
    process.send_signal(number)
    process.wait(20)
    assert process.stdout is not None
    process.stdout.close()


def test_processes_are_added_up_and_dead_ones_keep_their_counts_only(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "at-start"
    processes = [start(folder) for _ in range(2)]
    try:
        both = scrape(folder)
        end(processes[0], signal.SIGKILL)
        one = wait_until(lambda: scrape(folder), timeout_s=30)
    finally:
        for process in processes:
            if process.poll() is None:
                end(process, signal.SIGTERM)

    assert (both["satellite_live_clients"], both['satellite_outcomes_total{fate="applied"}']) == (2, 6)
    assert (one["satellite_live_clients"], one['satellite_outcomes_total{fate="applied"}']) == (1, 6)
