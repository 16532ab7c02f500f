"""The direct lane against FastAPI with the model in its own process, and against the bare engine.

Both serve the same LSTM with one process for HTTP and one thread for the model. The lane checks a key and the
request's schema besides, and asks another process.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
from PIL import Image

from analysis_server.models.catalog import find_models
from satellite.local.ports import find_free_port
from tests.fixtures.servers import running
from tests.integration.inference.server import KEY, InferenceServer, running_server
from tests.performance.figure import Figure
from tests.performance.http_load import Load, post_again_and_again

LSTM, MAPS = "lstm_timeseries", "map_segmentation"
REQUEST = {"data": [round(10 + hour % 24 / 3, 2) for hour in range(72)], "config": {"forecast_steps": 24}}
CLIENTS = 32
MAP_SIDE = 256
SWITCHES = 20
BOUNDARY = "bench"


def measure(*, rounds: int, seconds: float = 4) -> list[Figure]:
    """Measure in turn with the floors."""
    with tempfile.TemporaryDirectory(prefix="satellite-bench-direct-") as folder, floor_server() as floor:
        Path(folder).chmod(0o755)
        with running_server(Path(folder)) as lane:
            cold = {name: first_answer_s(lane, name) for name in (LSTM, MAPS)}
            loads: dict[str, list[Load]] = {}
            bare, maps, drawn = [], [], []
            for _ in range(rounds):
                for clients in (1, CLIENTS):
                    asked = {"clients": clients, "seconds": seconds}
                    loads.setdefault(f"floor {clients}", []).append(ask_floor(floor, **asked))
                    loads.setdefault(f"lane {clients}", []).append(ask_lane(lane, **asked))
                bare.append(bare_engine_rate(seconds))
                maps.append(segment(lane, "false", seconds=seconds).rate)
                drawn.append(segment(lane, "true", seconds=seconds).rate)
    growth_mib = memory_growth_mib()
    one, floor_one = median_ms(loads["lane 1"]), median_ms(loads["floor 1"])
    many, floor_many = median_rate(loads[f"lane {CLIENTS}"]), median_rate(loads[f"floor {CLIENTS}"])
    in_process = "FastAPI, model in process"
    engine = statistics.median(bare)
    return [
        Figure(name="direct lane, one client, p50", value=one, unit="ms", floor=floor_one,
               floor_name=in_process, target="<= 1.5 x"),
        Figure(name=f"direct lane, {CLIENTS} clients", value=many, unit="1/s", floor=floor_many,
               floor_name=in_process, target=">= 0.6 x"),
        Figure(name=f"direct lane, {CLIENTS} clients, p99", unit="ms",
               value=statistics.median(load.quantile(0.99) for load in loads[f"lane {CLIENTS}"]),
               floor=statistics.median(load.quantile(0.99) for load in loads[f"floor {CLIENTS}"]),
               floor_name=in_process),
        Figure(name=f"segmentation of {MAP_SIDE}², mask", value=statistics.median(maps), unit="1/s",
               floor=engine, floor_name="session.run", target=">= 0.9 x"),
        Figure(name=f"segmentation of {MAP_SIDE}², with polygons and overlay", unit="1/s",
               value=statistics.median(drawn), floor=engine, floor_name="session.run"),
        Figure(name=f"memory after {SWITCHES} loads and unloads", value=growth_mib, unit="MiB",
               target="<= 5 MiB"),
        *(Figure(name=f"cold load of {name}", value=took_s, unit="s", target="<= 1 s")
          for name, took_s in cold.items()),
    ]  # fmt: skip


@contextlib.contextmanager
def floor_server() -> Iterator[int]:
    """Serve the floor, and give its port."""
    port = find_free_port()

    def answers() -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{port}/openapi.json").is_success
        return False

    command = [sys.executable, "-m", "tests.performance.direct_floor", "serve", str(port)]
    with running(command, ready=answers):
        yield port


def ask_floor(port: int, *, clients: int, seconds: float) -> Load:
    body = json.dumps(REQUEST).encode()
    headers = {"Content-Type": "application/json"}
    return post_again_and_again(port, "/predict", body, headers, clients=clients, seconds=seconds)


def ask_lane(lane: InferenceServer, *, clients: int, seconds: float) -> Load:
    body = json.dumps({"model_name": LSTM} | REQUEST).encode()
    headers = {"Content-Type": "application/json", "X-API-Key": KEY}
    port = lane.client.base_url.port or 0
    return post_again_and_again(port, "/api/v1/predict", body, headers, clients=clients, seconds=seconds)


def segment(lane: InferenceServer, extras: str, *, seconds: float) -> Load:
    """Upload a map again and again, two at a time, so that the model always has the next one."""
    fields = {"polygons": extras.encode(), "overlay": extras.encode(), "image": world_map()}
    parts = b"".join(
        b'--%b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
        % (BOUNDARY.encode(), name.encode(), b'; filename="map.png"' if name == "image" else b"", content)
        for name, content in fields.items()
    )
    body = parts + f"--{BOUNDARY}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "X-API-Key": KEY}
    port = lane.client.base_url.port or 0
    return post_again_and_again(port, "/api/v1/segment", body, headers, clients=2, seconds=seconds)


def world_map() -> bytes:
    """Return a map with coasts: a golden example, enlarged."""
    files = find_models()[MAPS].files
    examples = json.loads((files / "golden.json").read_bytes())
    shores = min(examples, key=lambda each: abs(each["output"]["land_share"] - 0.5))
    image = Image.open(io.BytesIO(base64.b64decode(shores["input"]["data"]["image"])))
    file = io.BytesIO()
    image.resize((MAP_SIDE, MAP_SIDE), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


def first_answer_s(lane: InferenceServer, name: str) -> float:
    """Return how long the first request takes, which loads the model."""
    began = time.perf_counter()
    if name == MAPS:
        lane.client.post("/api/v1/segment", files={"image": world_map()}).raise_for_status()
    else:
        lane.client.post("/api/v1/predict", json={"model_name": name} | REQUEST).raise_for_status()
    return time.perf_counter() - began


def memory_growth_mib() -> float:
    """Return how much larger a server is after its models have taken turns, all its processes together."""
    with tempfile.TemporaryDirectory(prefix="satellite-bench-direct-") as folder:
        Path(folder).chmod(0o755)
        with running_server(Path(folder), MODEL_MAX_LOADED="1") as lane:
            sizes = []
            for _ in range(SWITCHES // 2):
                for name in (LSTM, MAPS):
                    first_answer_s(lane, name)
                sizes.append(pss_mib(lane.process.pid))
    # What the first turns load is no growth.
    return sizes[-1] - sizes[0]


def pss_mib(pid: int) -> float:
    server = psutil.Process(pid)
    every = [server, *server.children(recursive=True)]
    return sum(float(each.memory_full_info().pss) for each in every) / 2**20


def bare_engine_rate(seconds: float) -> float:
    """Return how many maps a second the bare engine computes, in a process of its own."""
    command = [sys.executable, "-m", "tests.performance.direct_floor", "bare", str(seconds)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def median_ms(loads: list[Load]) -> float:
    return statistics.median(load.quantile(0.5) for load in loads)


def median_rate(loads: list[Load]) -> float:
    return statistics.median(load.rate for load in loads)
