"""The floor of the job road: raw Celery with a no-op task on a Redis of its own."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import redis
from celery import Celery

from satellite.local.ports import find_free_port
from satellite.local.redis import EmbeddedRedis
from tests.fixtures.servers import running, wait_until

TASKS = Path(__file__).with_name("celery_floor.py")


@dataclass(frozen=True, kw_only=True)
class CeleryFloor:
    """What raw Celery with results does on this machine now."""

    round_trip_ms: float
    tasks_per_s: float


def measure(*, rounds: int, tasks: int = 600) -> CeleryFloor:
    """Measure the median round trip of single tasks and the throughput of many."""
    with tempfile.TemporaryDirectory(prefix="satellite-floor-") as folder:
        server = EmbeddedRedis(data_dir=Path(folder), port=find_free_port())
        with running(server.command(), ready=lambda: _answers(server.url)):
            app = Celery(broker=server.url, backend=server.url)
            command = [
                sys.executable, "-m", "celery", "-b", server.url, "--result-backend", server.url,
                "-A", "tests.performance.celery_floor", "worker", "-P", "threads", "-c", "8",
                "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "error",
            ]  # fmt: skip
            with running(command, ready=lambda: True):
                wait_until(lambda: _call(app) is not None, timeout_s=30)
                round_trips = [_call(app) for _ in range(300)]
                rates = [_rate(app, tasks) for _ in range(rounds)]
    return CeleryFloor(round_trip_ms=statistics.median(round_trips), tasks_per_s=statistics.median(rates))


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def _call(app: Celery) -> float:
    began = time.perf_counter()
    app.send_task("noop").get(timeout=20, interval=0.0005)
    return (time.perf_counter() - began) * 1000


def _rate(app: Celery, tasks: int) -> float:
    began = time.perf_counter()
    results = [app.send_task("noop") for _ in range(tasks)]
    for result in results:
        result.get(timeout=60, interval=0.001)
    return tasks / (time.perf_counter() - began)
