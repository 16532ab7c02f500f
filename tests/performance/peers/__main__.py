"""`make bench-peers`: the same work that does nothing, done by others and by Satellite, on one machine.

Each peer runs in the environment of build/peers with its usual servers on loopback; a peer that cannot be
run is told as such. Writes `build/bench-peers.json` and prints a table.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform as machine
import statistics
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.acceptance.platform import running_platform
from tests.fixtures.redis import running_redis
from tests.performance import jobs
from tests.performance.jobs import quantile
from tests.performance.peers.clock import end_with_parent
from tests.performance.warm_client import WarmClient

REPORT = Path("build/bench-peers.json")
PYTHON = Path("build/peers/env/bin/python").absolute()
FOLDER = Path(__file__).parent
TIMEOUT_S = 240
WARM_UP_CALLS = 30
ERROR_CHARS = 300


@dataclass(frozen=True)
class Peer:
    """A program, its arguments, and how much to ask of it."""

    name: str
    arguments: tuple[str, ...]
    calls: int
    jobs: int


PEERS = (
    Peer("Celery, raw, with results", ("celery_peer.py",), 200, 600),
    Peer("Dramatiq, with results", ("dramatiq_peer.py",), 200, 600),
    Peer("RQ, with results", ("rq_peer.py",), 100, 200),
    Peer("BentoML, task endpoint", ("bentoml_peer.py",), 200, 400),
    Peer("Prefect, task run", ("prefect_peer.py",), 30, 60),
    Peer("Prefect, flow run in the caller", ("prefect_peer.py", "--flow"), 30, 30),
    Peer("Ray Jobs", ("ray_peer.py",), 5, 6),
)
SATELLITE = Peer("Satellite, warm plugin", (), 200, 2 * jobs.BATCH)


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one peer did, or why it did not."""

    name: str
    kept: str = ""
    times_ms: list[float] = field(default_factory=list)
    jobs_per_s: float | None = None
    error: str = ""

    def cells(self) -> tuple[str, ...]:
        """Return the line of the table."""
        if self.error:
            return self.name, "", "", "", f"not measured: {self.error}"
        told = self.as_dict()
        figures = (f"{told[key]:.1f}" for key in ("p50_ms", "p99_ms", "jobs_per_s"))
        return self.name, *figures, self.kept

    def as_dict(self) -> dict[str, Any]:
        """Return the row for the JSON report."""
        told = asdict(self)
        ordered = sorted(told.pop("times_ms"))
        if ordered:
            told |= {"p50_ms": statistics.median(ordered), "p99_ms": quantile(ordered, 0.99)}
        return told | {"calls": len(ordered)}


def main() -> None:
    """Measure each, one after the other, print and write."""
    parser = argparse.ArgumentParser(prog="make bench-peers")
    parser.add_argument("only", nargs="*", help="parts of the names of those to measure; all by default")
    wanted = parser.parse_args().only
    rows = []
    with running_redis() as server:
        for peer in PEERS:
            if not wanted or any(part.lower() in peer.name.lower() for part in wanted):
                rows.append(run(peer, server.url))
                print(*rows[-1].cells(), sep=" | ", flush=True)
    if not wanted or any(part.lower() in SATELLITE.name.lower() for part in wanted):
        rows += measure_satellite()
    report(rows)


def run(peer: Peer, redis_url: str) -> Row:
    """Run the program of a peer and read what it prints."""
    program, *options = peer.arguments
    command = [
        PYTHON, FOLDER / program, *options,
        "--redis", redis_url, "--calls", str(peer.calls), "--jobs", str(peer.jobs),
    ]  # fmt: skip
    # Its modules are found beside it; nothing of this environment may leak in.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=True,
            preexec_fn=end_with_parent,
        )  # fmt: skip
        told = json.loads(done.stdout.splitlines()[-1])
    except subprocess.CalledProcessError as error:
        return Row(name=peer.name, error=last_line(error.stderr))
    except subprocess.TimeoutExpired:
        return Row(name=peer.name, error=f"not done within {TIMEOUT_S} s")
    except (OSError, ValueError, IndexError) as error:
        return Row(name=peer.name, error=str(error)[:ERROR_CHARS])
    return Row(name=peer.name, kept=told["kept"], times_ms=told["times_ms"], jobs_per_s=told["jobs_per_s"])


def last_line(text: str) -> str:
    """Return the last line of an error, which says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line or "Exception" in line]
    return (errors or lines or ["it said nothing"])[-1][:ERROR_CHARS]


def measure_satellite() -> list[Row]:
    """Measure a stack of its own, over REST like a client."""
    with (
        running_platform() as stack,
        stack.api() as api,
        contextlib.closing(WarmClient(api)) as client,
    ):
        for _ in range(WARM_UP_CALLS):
            client.run_job_ms()
        times = [client.run_job_ms() for _ in range(SATELLITE.calls)]
        by_one = jobs.rate_of_single(stack, jobs=15 * jobs.CLIENTS)
        by_many = jobs.rate_of_batches(client, jobs=SATELLITE.jobs)
    kept = "all in PostgreSQL; what a dead worker had runs again"
    return [
        Row(name=SATELLITE.name, kept=kept, times_ms=times, jobs_per_s=by_one),
        Row(name=f"{SATELLITE.name}, POST /jobs/batch", kept=kept, times_ms=times, jobs_per_s=by_many),
    ]


def report(rows: list[Row]) -> None:
    """Print the table and write the file."""
    columns = ("What", "p50 ms", "p99 ms", "jobs/s", "What is kept")
    table = Table(*columns, title="A job that does nothing: submit to result")
    for row in rows:
        table.add_row(*row.cells())
    Console(width=130).print(table)
    REPORT.parent.mkdir(exist_ok=True)
    document = {
        "at": datetime.now(UTC).isoformat(),
        "machine": machine.platform(),
        "processors": os.cpu_count(),
        "rows": [row.as_dict() for row in rows],
    }
    REPORT.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
