"""The floor of the job road: raw Celery with a no-op task on a Redis of its own."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

from celery import Celery

from tests.fixtures.redis import running_redis
from tests.fixtures.servers import running, wait_until


class CeleryFloor:
    """A running worker of raw Celery, which does what this machine can do at this moment."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def round_trip_ms(self) -> float:
        """Return how long one task takes from its sending to its result."""
        began = time.perf_counter()
        self._app.send_task("noop").get(timeout=20, interval=0.0005)
        return (time.perf_counter() - began) * 1000

    def tasks_per_s(self, tasks: int) -> float:
        """Return the rate of many tasks, all sent at once, with their results."""
        began = time.perf_counter()
        results = [self._app.send_task("noop") for _ in range(tasks)]
        for result in results:
            result.get(timeout=60, interval=0.001)
        return tasks / (time.perf_counter() - began)


@contextlib.contextmanager
def celery_floor() -> Iterator[CeleryFloor]:
    """Run a worker until the block ends; idle, it costs next to nothing."""
    with running_redis() as server:
        app = Celery(broker=server.url, backend=server.url)
        command = [
            sys.executable, "-m", "celery", "-b", server.url, "--result-backend", server.url,
            "-A", "tests.performance.celery_floor", "worker", "-P", "threads", "-c", "8",
            "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "error",
        ]  # fmt: skip
        with running(command, ready=lambda: True):
            floor = CeleryFloor(app)
            wait_until(lambda: floor.round_trip_ms() > 0, timeout_s=30)
            yield floor
