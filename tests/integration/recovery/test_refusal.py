"""On a database that was recovered nobody works until that is finished; each process says so in a line."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
import redis

from operation_server.incarnations.errors import DatabaseRestored
from operation_server.process_end import EXIT_UNFORESEEN
from satellite.contracts import redis_keys
from satellite.local.ports import find_free_port
from satellite.local.postgres import EmbeddedPostgres
from tests.fixtures.api import METRICS_TOKEN, SECRET
from tests.fixtures.servers import wait_until
from tests.integration.recovery.commands import OPERATION_SERVER, environment_of, finish, operate
from tests.integration.recovery.copies import copy

REFUSAL = str(DatabaseRestored())


@dataclass
class Processes:
    """The API, the dispatcher and the results consumer."""

    environment: dict[str, str]
    folder: Path
    running: dict[str, subprocess.Popen[bytes]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['SATELLITE_API_PORT']}"

    def start(self, *names: str) -> None:
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    [*OPERATION_SERVER, name], env=self.environment, stderr=log, start_new_session=True
                )

    def end(self, name: str) -> None:
        self.running[name].kill()
        self.running[name].wait()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def health(self, name: str) -> str:
        """What keeps a process from its work, nothing if it is well."""
        return operate(self.environment, "health", name).stderr

    def ready(self) -> httpx.Response:
        return httpx.get(f"{self.url}/ready", timeout=10)

    def is_ready(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return self.ready().status_code == 200
        return False


@pytest.fixture
def processes(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Processes]:
    environment = environment_of(database_url, redis_url, tmp_path) | {
        "SATELLITE_API_PORT": str(find_free_port()),
        "SATELLITE_AUTH_SECRET_KEY": SECRET,
        "SATELLITE_METRICS_TOKEN": METRICS_TOKEN,
        "SATELLITE_DISPATCH_RECONCILE_S": "0.2",
    }
    processes = Processes(environment, tmp_path, {})
    try:
        yield processes
    finally:
        for name in processes.running:
            processes.end(name)


def leads(processes: Processes, name: str, words: str, times: int = 1) -> Callable[[], bool]:
    return lambda: processes.log(name).count(words) >= times


def test_all_refuse_until_it_is_finished_and_then_begin_anew(
    processes: Processes, postgres_server: EmbeddedPostgres, database_url: str
) -> None:
    processes.start("api", "dispatcher", "results")
    wait_until(leads(processes, "dispatcher", "dispatching"))
    wait_until(leads(processes, "results", "consuming results"))
    wait_until(processes.is_ready)

    backup = copy(postgres_server, database_url)
    wait_until(leads(processes, "dispatcher", "dispatching", times=2))
    wait_until(leads(processes, "results", "consuming results", times=2))
    backup.restore()

    for name in ("dispatcher", "results", "api"):
        wait_until(leads(processes, name, REFUSAL))
    assert processes.health("results") == f"the results process does not work: {REFUSAL}\n"
    answer = processes.ready()
    assert answer.status_code == 503
    assert answer.json()["database"] == "was recovered from a backup; run `satellite admin restore --finish`"
    refused = httpx.post(f"{processes.url}/api/v1/auth/token", json={"username": "a", "password": "b"})
    assert (refused.status_code, refused.json()["code"]) == (503, "database_restored")
    shown = httpx.get(
        f"{processes.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}, timeout=10
    )
    assert "satellite_refusing 1.0" in shown.text
    assert operate(processes.environment, "health", "api").stderr.startswith(
        "not ready: database was recovered"
    )

    assert "Incarnation 2 begins" in finish(processes.environment)

    # What they know of the database of before, numbers above all, must not outlive it.
    for name in ("dispatcher", "results"):
        assert processes.running[name].wait(60) == EXIT_UNFORESEEN
    assert processes.running["api"].wait(60) is not None
    for name in ("dispatcher", "results", "api"):
        assert processes.log(name).count(REFUSAL) == 1, "said once"
    processes.start("api", "results")
    wait_until(processes.is_ready)
    wait_until(leads(processes, "results", "consuming results", times=3))
    assert processes.health("results") == ""


def test_an_older_state_of_the_same_files_is_known_by_how_far_its_log_had_come(
    processes: Processes, redis_url: str
) -> None:
    processes.start("dispatcher")
    with redis.Redis.from_url(redis_url) as client:
        mark = json.loads(wait_until(lambda: client.get(redis_keys.DATABASE_MARK)))
        processes.end("dispatcher")
        # A snapshot of the disk, or a copy of the files that was started without a point in time: nothing in
        # the database tells, but there was more in its log.
        mark["position"] += 1_000_000_000
        client.set(redis_keys.DATABASE_MARK, json.dumps(mark))
    processes.start("dispatcher")
    wait_until(leads(processes, "dispatcher", REFUSAL))
    assert "Incarnation 2 begins" in finish(processes.environment)
    wait_until(leads(processes, "dispatcher", "dispatching", times=2))


def test_another_place_where_nothing_was_lost_is_only_noted(
    processes: Processes, postgres_server: EmbeddedPostgres, database_url: str
) -> None:
    assert operate(processes.environment, "migrate").returncode == 0
    copy(postgres_server, database_url).restore()
    migrated = operate(processes.environment, "migrate")
    assert (migrated.returncode, migrated.stderr.splitlines()[-1]) == (1, REFUSAL)
    processes.start("dispatcher")
    wait_until(leads(processes, "dispatcher", REFUSAL))

    assert "as before" in finish(processes.environment, "--nothing-lost")

    wait_until(leads(processes, "dispatcher", "dispatching"))
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT max(number) FROM incarnations").fetchone() == (1,)
    assert "nothing is done" in finish(processes.environment)


def test_a_leader_of_another_release_is_told_what_to_run(processes: Processes, database_url: str) -> None:
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0030'")
        processes.start("dispatcher")
        line = "is at revision 0030, "
        wait_until(leads(processes, "dispatcher", line))
        assert line in processes.health("dispatcher")
        assert "run `operation-server migrate`" in processes.health("dispatcher")
        assert "Traceback" not in processes.log("dispatcher")
