"""`make bench-peers-workflows`: the same workflows that do nothing, by others and by Satellite.

A chain of steps, and a fan-out with its join. Peers run their steps in one process, as their documentation
shows it; Satellite runs each as a job of a warm plugin. Writes `build/bench-peers-workflows.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.acceptance.platform import running_platform
from tests.performance import workflows
from tests.performance.database import postgres
from tests.performance.peers.clock import end_with_parent

REPORT = Path("build/bench-peers-workflows.json")
FOLDER = Path(__file__).parent
CHAIN, FAN_OUT, ROUNDS = 20, 200, 3
TIMEOUT_S = 400
ERROR_CHARS = 300


@dataclass(frozen=True)
class Peer:
    """A program, and the environment that it runs in."""

    name: str
    program: str
    environment: str = "workflow-peers"


PEERS = (
    Peer("Luigi 3.8, local scheduler", "luigi_peer.py"),
    Peer("DBOS 3.4, PostgreSQL", "dbos_peer.py"),
    Peer("Dagster 1.13, in process", "dagster_peer.py"),
    Peer("Prefect 3.9, flow in the caller", "prefect_peer.py"),
    Peer("Airflow 3.3, dag.test()", "airflow_peer.py", "airflow3"),
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one did, or why it did not."""

    name: str
    chain_ms: list[float] = field(default_factory=list)
    fan_out_ms: list[float] = field(default_factory=list)
    kept: str = ""
    error: str = ""

    def cells(self) -> tuple[str, ...]:
        """Return the line of the table."""
        if self.error:
            return self.name, "", "", f"not measured: {self.error}"
        step = statistics.median(self.chain_ms) / CHAIN
        return self.name, f"{step:.1f}", f"{statistics.median(self.fan_out_ms):.0f}", self.kept


def main() -> None:
    """Measure each, one after the other, print and write."""
    parser = argparse.ArgumentParser(prog="make bench-peers-workflows")
    parser.add_argument("only", nargs="*", help="parts of the names of those to measure; all by default")
    wanted = parser.parse_args().only
    rows = []
    with database() as url:
        for peer in PEERS:
            if not wanted or any(part.lower() in peer.name.lower() for part in wanted):
                rows.append(run(peer, url))
                print(*rows[-1].cells(), sep=" | ", flush=True)
    if not wanted or any(part.lower() in "satellite" for part in wanted):
        rows.append(measure_satellite())
    report(rows)


@contextmanager
def database() -> Iterator[str]:
    """Run a PostgreSQL server with an empty database for who needs one."""
    with postgres() as server:
        yield server.url("postgres").replace("+psycopg", "")


def run(peer: Peer, database_url: str) -> Row:
    """Run the program of a peer and read what it prints."""
    python = Path("build", peer.environment, "env/bin/python").absolute()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            [python, FOLDER / peer.program, str(CHAIN), str(FAN_OUT), str(ROUNDS)],
            env=environment | {"PEER_POSTGRES_URL": database_url}, capture_output=True, text=True,
            timeout=TIMEOUT_S, check=True, preexec_fn=end_with_parent,
        )  # fmt: skip
        return Row(name=peer.name, **json.loads(done.stdout.splitlines()[-1]))
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["ended without a word"]
        return Row(name=peer.name, error=lines[-1][:ERROR_CHARS])
    except (subprocess.TimeoutExpired, OSError, ValueError, IndexError) as error:
        return Row(name=peer.name, error=str(error)[:ERROR_CHARS])


def measure_satellite() -> Row:
    """Measure the same on a platform of its own."""
    with running_platform() as running, running.api() as api:
        running.wait_models_installed()
        chain = workflows.deploy(api, "peers-chain", workflows.chain_of(CHAIN))
        fan = workflows.deploy(api, "peers-fan", workflows.fan_out())
        items = {"items": list(range(FAN_OUT))}
        workflows.run(api, chain, {})
        workflows.run(api, fan, items)
        return Row(
            name="Satellite, jobs of a warm plugin",
            chain_ms=[workflows.run(api, chain, {}) for _ in range(ROUNDS)],
            fan_out_ms=[workflows.run(api, fan, items) for _ in range(ROUNDS)],
            kept="all in PostgreSQL; goes on whatever dies",
        )


def report(rows: list[Row]) -> None:
    """Print the table and write the file."""
    table = Table("What", f"ms a step, chain of {CHAIN}", f"ms, {FAN_OUT} items and join", "What is kept")
    for row in rows:
        table.add_row(*row.cells())
    Console(width=120).print(table)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
