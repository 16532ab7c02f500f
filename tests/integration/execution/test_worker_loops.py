"""An error that nobody foresaw, in the loops of a real worker: it is told with its traceback."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import redis

from analysis_server.lifecycle.worker import EXIT_UNFORESEEN
from satellite.contracts import redis_keys
from tests.fixtures import thrower
from tests.fixtures.servers import wait_until
from tests.integration.execution.conftest import RayNode

ENDS_THE_PROCESS = [
    "analysis_server.lifecycle.heartbeat:Heartbeat.beat",
    "analysis_server.reporting.leases:LeaseKeeper.renew",
    "analysis_server.lifecycle.canary:Canary.check",
    "analysis_server.execution.admission.resident_watch:ResidentWatch.look",
    "analysis_server.execution.cancellation:CancellationListener._listen_once",
]
GOES_ON = [
    "analysis_server.lifecycle.janitor:Janitor.sweep",
    "analysis_server.reporting.celery_reporter:CeleryReporter._is_due",
    "celery.worker.consumer.consumer:Consumer._flush_events",
]
NAME = "thrower"


class Worker:
    """A worker in which one function throws."""

    def __init__(self, target: str, *, log: Path, environment: dict[str, str]) -> None:
        self.log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", thrower.__name__, target, "worker", "--hostname", f"{NAME}@%h"],
                stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
                env=os.environ | environment,
            )  # fmt: skip

    def told(self) -> bool:
        """Tell whether the error stands in the log, with its traceback."""
        text = self.log.read_text()
        return "Traceback (most recent call last)" in text and f"LookupError: {thrower.THROWN}" in text


@pytest.fixture
def throwing(ray_node: RayNode, redis_url: str, tmp_path: Path) -> Iterator[Callable[[str], Worker]]:
    with contextlib.ExitStack() as stack:

        def start(target: str) -> Worker:
            environment = {
                "SATELLITE_REDIS_URL": redis_url,
                "SATELLITE_RAY_ADDRESS": ray_node.address,
                "SATELLITE_RAY_NAMESPACE": "thrower",
                "SATELLITE_WORKER_NAME": NAME,
                "SATELLITE_WORKER_SLOTS": "1",
                "SATELLITE_WORKER_RUNTIME": "process",
                "SATELLITE_WORKER_STATE_DIR": str(tmp_path / "state"),
            }
            worker = Worker(target, log=tmp_path / "log", environment=environment)
            stack.callback(end, worker.process)
            return worker

        yield start


def end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
    process.kill()
    process.wait()


@pytest.mark.parametrize("target", ENDS_THE_PROCESS)
def test_a_keeper_ends_the_worker(throwing: Callable[[str], Worker], target: str) -> None:
    worker = throwing(target)
    wait_until(lambda: worker.process.poll() is not None, timeout_s=90)
    assert worker.process.returncode == EXIT_UNFORESEEN, worker.log.read_text()
    assert worker.told()


@pytest.mark.parametrize("target", GOES_ON)
def test_a_loop_that_must_not_cease_goes_on(
    throwing: Callable[[str], Worker], redis_url: str, target: str
) -> None:
    worker = throwing(target)
    wait_until(worker.told, timeout_s=90)
    with redis.Redis.from_url(redis_url) as client:
        wait_until(lambda: client.exists(redis_keys.worker(NAME)), timeout_s=60)
    assert worker.process.poll() is None
