"""How long an event takes from its commit until the last of 1,000 WebSocket clients has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from tests.acceptance.platform import Platform
from tests.performance.figure import Figure
from tests.performance.jobs import quantile
from tests.performance.warm_client import WAIT, WARM

CLIENTS = 1_000
JOBS = 60
JOB_GAP_S = 0.4
"""Between jobs, so that one event is told before the next one is made."""

BURST_GAP_S = 0.045
"""A job's first event is its submission; those of its end come together about so much later."""

MODULE = "tests.performance.socket_clients"


def measure(platform: Platform, *, rounds: int) -> list[Figure]:
    """Measure the fan-out of the API and, with the same clients, of a bare server."""
    floor = sorted(delays_ms(bare_server(jobs=JOBS * max(1, rounds // 3))))
    told = sorted(delays_ms(api(platform, jobs=JOBS * max(1, rounds // 3))))
    name = f"event to the last of {CLIENTS:,} WebSockets"
    return [
        Figure(name=f"{name}, p50", value=quantile(told, 0.5), unit="ms", floor=quantile(floor, 0.5),
               floor_name="bare server, same clients"),
        Figure(name=f"{name}, p99", value=quantile(told, 0.99), unit="ms", floor=quantile(floor, 0.99),
               floor_name="bare server, same clients", target="<= 250 ms"),
    ]  # fmt: skip


def delays_ms(events: list[dict[str, Any]]) -> list[float]:
    """Return the milliseconds from each event's own time until its last client had it.

    Every client must have got every event.
    """
    missed = [event for event in events if event["clients"] != CLIENTS]
    assert events, "no event arrived"
    assert not missed, f"{len(missed)} of {len(events)} events did not reach all clients: {missed[:3]}"
    return [(event["last"] - event["at"]) * 1000 for event in events]


@dataclass(frozen=True)
class Clients:
    """A process with many connected clients."""

    process: subprocess.Popen[str]

    def report(self) -> list[dict[str, Any]]:
        """End them and return what arrived."""
        output, _ = self.process.communicate(timeout=30)
        events: list[dict[str, Any]] = json.loads(output)
        return events


@contextmanager
def clients(url: str, token: str = "") -> Iterator[Clients]:
    """Connect all clients; they end with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE, url, str(CLIENTS)], env={**os.environ, "BENCH_TOKEN": token},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert pipe(process.stdout).readline() == "ready\n", "the clients could not connect"
        yield Clients(process)
    finally:
        process.kill()
        process.wait()


def api(platform: Platform, *, jobs: int) -> list[dict[str, Any]]:
    """Let jobs run, one after the other, and return what the clients of the API received."""
    with platform.api() as api:
        for _ in range(5):
            api.post("/jobs", json=WARM, headers=WAIT).raise_for_status()
        token = api.headers["Authorization"].removeprefix("Bearer ")
        url = f"ws://127.0.0.1:{platform.port}/api/v1/ws/jobs"
        with clients(url, token) as connected:
            time.sleep(2)  # What the connecting left behind is not what is measured.
            for _ in range(jobs):
                assert api.post("/jobs", json=WARM, headers=WAIT).json()["status"] == "completed"
                time.sleep(JOB_GAP_S)
            time.sleep(1)
            return connected.report()


def bare_server(*, jobs: int) -> list[dict[str, Any]]:
    """Return what the same clients receive from a server that does nothing but send."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.performance.socket_floor", str(jobs)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        port = int(pipe(server.stdout).readline())
        with clients(f"ws://127.0.0.1:{port}/") as connected:
            time.sleep(2)
            begin = pipe(server.stdin)
            begin.write("go\n")
            begin.flush()
            time.sleep(jobs * (JOB_GAP_S + BURST_GAP_S) * 1.2 + 2)
            return connected.report()
    finally:
        server.kill()
        server.wait()


def pipe(stream: IO[str] | None) -> IO[str]:
    """Return a pipe that was asked for."""
    assert stream is not None
    return stream
