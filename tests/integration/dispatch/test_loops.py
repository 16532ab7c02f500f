"""An error that nobody foresaw, in every loop of the operation server: it is told with its traceback."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from operation_server.process_end import EXIT_UNFORESEEN
from satellite.contracts import redis_keys
from satellite.contracts.task_names import REPORT_STARTED, RESULTS_QUEUE
from satellite.local.ports import find_free_port
from tests.fixtures import thrower
from tests.fixtures.api import SECRET
from tests.fixtures.servers import wait_until

DISPATCH = "operation_server.dispatch"
ENDS_THE_PROCESS = [
    ("dispatcher", f"{DISPATCH}.dispatcher:Dispatcher.dispatch"),
    ("dispatcher", f"{DISPATCH}.capacity:CapacityReader.read"),
    ("dispatcher", f"{DISPATCH}.wakeups:Wakeups._hear"),
    ("dispatcher", f"{DISPATCH}.reconciler:Reconciler._do"),
    ("results", f"{DISPATCH}.wakeups:Leadership.check"),
    ("results", f"{DISPATCH}.redis_results:RedisResults.take"),
    ("results", f"{DISPATCH}.redis_results:RedisResults.recover"),
]
GOES_ON = [
    ("dispatcher", f"{DISPATCH}.reconciler:Reconciler._expire"),
    ("dispatcher", f"{DISPATCH}.reconciler:Reconciler.reconcile"),
    ("dispatcher", f"{DISPATCH}.reconciler:Reconciler._sweep_events"),
    ("results", f"{DISPATCH}.results_consumer:_apply_reports"),
    ("results", f"{DISPATCH}.results_consumer:set_aside"),
]
ENDS_THE_API = [
    "operation_server.live.stream_reader:StreamReader._read_once",
    "operation_server.live.account_watch:AccountWatch.check",
]

STARTED = {"job_id": 1, "attempt": 1, "worker": "w1", "started_at": "2026-01-01T00:00:00Z"}
READABLE = json.dumps(
    {"body": json.dumps([[STARTED], {}, {}]), "headers": {"task": REPORT_STARTED}, "properties": {}}
)


class Thrower:
    """A process of the operation server in which one function throws."""

    def __init__(self, command: str, target: str, *, log: Path, environment: dict[str, str]) -> None:
        self.log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", thrower.__name__, target, "operation-server", command],
                stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
                env=os.environ | environment,
            )  # fmt: skip

    def told(self) -> bool:
        """Tell whether the error stands in the log, with its traceback."""
        text = self.log.read_text()
        return "Traceback (most recent call last)" in text and f"LookupError: {thrower.THROWN}" in text


@pytest.fixture
def throwing(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Callable[[str, str], Thrower]]:
    with contextlib.ExitStack() as stack:

        def start(command: str, target: str) -> Thrower:
            environment = {
                "SATELLITE_DATABASE_URL": database_url,
                "SATELLITE_REDIS_URL": redis_url,
                "SATELLITE_API_PORT": str(find_free_port()),
                "SATELLITE_AUTH_SECRET_KEY": SECRET,
                "SATELLITE_DISPATCH_RECONCILE_S": "0.2",
            }
            one = Thrower(command, target, log=tmp_path / "log", environment=environment)
            stack.callback(one.process.wait)
            stack.callback(one.process.kill)
            return one

        yield start


def wake(database_url: str, redis_url: str) -> None:
    """Give each loop something to do: a notification, and reports."""
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SELECT pg_notify('satellite_jobs', 'due')")
    with redis.Redis.from_url(redis_url) as client:
        client.lpush(RESULTS_QUEUE, b"{", READABLE)


@pytest.mark.parametrize(("command", "target"), ENDS_THE_PROCESS)
def test_a_leader_ends(
    throwing: Callable[[str, str], Thrower], database_url: str, redis_url: str, command: str, target: str
) -> None:
    one = throwing(command, target)

    def has_ended() -> bool:
        wake(database_url, redis_url)
        return one.process.poll() is not None

    wait_until(has_ended, timeout_s=60, interval_s=0.2)
    assert one.process.returncode == EXIT_UNFORESEEN
    assert one.told()


@pytest.mark.parametrize(("command", "target"), GOES_ON)
def test_a_part_that_can_be_left_out_is_told_of_and_the_others_go_on(
    throwing: Callable[[str, str], Thrower], database_url: str, redis_url: str, command: str, target: str
) -> None:
    one = throwing(command, target)

    def has_told() -> bool:
        wake(database_url, redis_url)
        return one.told()

    wait_until(has_told, timeout_s=60, interval_s=0.2)
    with redis.Redis.from_url(redis_url) as client:
        # Each loop still works: the reconciler keeps an epoch, the consumer empties the queue.
        if command == "results":
            wait_until(lambda: not client.exists(RESULTS_QUEUE))
        elif not target.endswith("reconcile"):
            wait_until(lambda: client.exists(redis_keys.EPOCH))
    assert one.process.poll() is None


@pytest.mark.parametrize("target", ENDS_THE_API)
def test_an_api_process_ends(throwing: Callable[[str, str], Thrower], target: str) -> None:
    one = throwing("api", target)
    wait_until(lambda: one.process.poll() is not None, timeout_s=60)
    assert one.process.returncode != 0
    assert one.told()
