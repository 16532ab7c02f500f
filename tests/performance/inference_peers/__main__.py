"""`make bench-peers-inference`: the same small network served by others and by the direct lane.

Each gets 72 numbers as JSON and answers 24, with one worker and one thread for the network. Peers check
neither a key nor a schema, and do nothing before and after the network; the floor and the direct lane do what
the model of Satellite does. Writes `build/bench-peers-inference.json` and prints a table.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from analysis_server.models.timeseries import lstm_timeseries
from satellite.local.ports import find_free_port
from tests.fixtures.servers import running
from tests.integration.inference.server import running_server
from tests.performance.direct_lane import CLIENTS, REQUEST, ask_floor, ask_lane, floor_server, pss_mib
from tests.performance.http_load import Load, post_again_and_again

REPORT = Path("build/bench-peers-inference.json")
FOLDER = Path(__file__).parent
MODEL = lstm_timeseries.FILES / "model.onnx"
JSON = {"Content-Type": "application/json"}
ERROR_CHARS = 200
START_TIMEOUT_S = 150


@dataclass(frozen=True)
class Peer:
    """A program, the environment that it runs in, and how it is asked."""

    name: str
    program: str
    path: str
    body: Mapping[str, Any]
    environment: str = "inference-peers"


SERIES = REQUEST["data"]
TENSOR = {"name": "series", "shape": [1, len(SERIES)], "datatype": "FP32", "data": SERIES}
PEERS = (
    Peer("MLServer", "mlserver_peer.py", "/v2/models/lstm/infer", {"inputs": [TENSOR]}, "mlserver-peer"),
    Peer("LitServe", "litserve_peer.py", "/predict", {"data": SERIES}),
    Peer("MLflow", "mlflow_peer.py", "/invocations", {"inputs": [SERIES]}),
    Peer("BentoML", "bentoml_peer.py", "/predict", {"data": SERIES}),
    Peer("Ray Serve", "ray_peer.py", "/predict", {"data": SERIES}),
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one server did, or why it did not."""

    name: str
    start_s: float = 0
    pss_mib: float = 0
    one_p50_ms: float = 0
    one_p99_ms: float = 0
    many_rate: float = 0
    many_p99_ms: float = 0
    error: str = ""


def main() -> None:
    """Measure each beside the floor, print and write."""
    parser = argparse.ArgumentParser(prog="make bench-peers-inference")
    parser.add_argument("only", nargs="*", help="parts of the names of peers to measure; all by default")
    parser.add_argument("--seconds", type=float, default=4)
    arguments = parser.parse_args()
    rows = [measure_floor(arguments.seconds), measure_lane(arguments.seconds)]
    for peer in PEERS:
        if not arguments.only or any(part.lower() in peer.name.lower() for part in arguments.only):
            rows.append(measure_peer(peer, arguments.seconds))
    # Once more, because others use this machine too: how far the two floors lie apart tells by how much.
    rows.append(measure_floor(arguments.seconds))
    report(rows)


def measure_peer(peer: Peer, seconds: float) -> Row:
    """Start a peer, ask it alone and by many, and stop it."""
    port, body = find_free_port(), json.dumps(peer.body).encode()

    def ask(clients: int, for_s: float) -> Load:
        return post_again_and_again(port, peer.path, body, JSON, clients=clients, seconds=for_s)

    def answers() -> bool:
        try:
            return bool(ask(1, 0.01).times_ms)
        except (OSError, AssertionError, EOFError):
            return False

    python = Path("build", peer.environment, "env/bin/python").absolute()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    began = time.perf_counter()
    try:
        with running(
            [str(python), str(FOLDER / peer.program), str(port)],
            env=environment | {"PEER_MODEL": str(MODEL.absolute())},
            ready=answers,
            timeout_s=START_TIMEOUT_S,
        ) as process:
            start_s = time.perf_counter() - began
            one, many = ask(1, seconds), ask(CLIENTS, seconds)
            return _row(peer.name, one, many, start_s=start_s, pid=process.pid)
    except (OSError, AssertionError, EOFError, TimeoutError, psutil.Error) as error:
        return Row(name=peer.name, error=(str(error) or repr(error))[:ERROR_CHARS])


def measure_floor(seconds: float) -> Row:
    """Measure FastAPI with the model in its own process."""
    with floor_server() as port:
        one = ask_floor(port, clients=1, seconds=seconds)
        return _row("FastAPI, model in process", one, ask_floor(port, clients=CLIENTS, seconds=seconds))


def measure_lane(seconds: float) -> Row:
    """Measure the direct lane, with its keys and schemas."""
    with tempfile.TemporaryDirectory(prefix="satellite-bench-direct-") as folder:
        Path(folder).chmod(0o755)
        began = time.perf_counter()
        with running_server(Path(folder)) as lane:
            ask_lane(lane, clients=1, seconds=0.01)
            start_s = time.perf_counter() - began
            one = ask_lane(lane, clients=1, seconds=seconds)
            many = ask_lane(lane, clients=CLIENTS, seconds=seconds)
            return _row("Satellite, direct lane", one, many, start_s=start_s, pid=lane.process.pid)


def _row(name: str, one: Load, many: Load, *, start_s: float = 0, pid: int | None = None) -> Row:
    return Row(
        name=name,
        start_s=start_s,
        pss_mib=0 if pid is None else pss_mib(pid),
        one_p50_ms=one.quantile(0.5),
        one_p99_ms=one.quantile(0.99),
        many_rate=many.rate,
        many_p99_ms=many.quantile(0.99),
    )


def report(rows: list[Row]) -> None:
    """Print the table and write the file; ratios are to both floors' mean."""
    floors = [row for row in rows if row.name.startswith("FastAPI")]
    one, many = (
        statistics.mean(getattr(row, name) for row in floors) for name in ("one_p50_ms", "many_rate")
    )
    table = Table("What", "start s", "PSS MiB", "1 client: p50, p99 ms", "x floor", f"{CLIENTS} clients: /s",
                  "p99 ms", "x floor")  # fmt: skip
    for row in rows:
        if row.error:
            table.add_row(row.name, "", "", f"not measured: {row.error}")
            continue
        table.add_row(
            row.name, f"{row.start_s:.1f}", f"{row.pss_mib:.0f}",
            f"{row.one_p50_ms:.2f}, {row.one_p99_ms:.1f}",
            f"{row.one_p50_ms / one:.2f}", f"{row.many_rate:.0f}", f"{row.many_p99_ms:.0f}",
            f"{row.many_rate / many:.2f}",
        )  # fmt: skip
    Console(width=130).print(table)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
