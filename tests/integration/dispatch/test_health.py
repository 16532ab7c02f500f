"""`operation-server health`: whether a process can do its work, and in one line what keeps it from that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import redis

from operation_server.health.sign_of_life import ALIVE_FOR_S
from satellite.local.ports import find_free_port
from tests.fixtures.api import running_api
from tests.fixtures.redis import running_redis
from tests.fixtures.servers import running, wait_until

OPERATION_SERVER = [sys.executable, "-m", "operation_server.cli"]


def health(process: str, environment: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        [*OPERATION_SERVER, "health", process],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr.count("\n") <= 1
    return done.returncode, done.stderr


@pytest.mark.parametrize("process", ["dispatcher", "results"])
def test_a_loop_is_well_while_it_has_its_database(
    process: str, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    environment = {
        "SATELLITE_DATABASE_URL": database_url,
        "SATELLITE_REDIS_URL": redis_url,
        "SATELLITE_HEALTH_DIR": str(tmp_path),
    }

    def is_well() -> bool:
        return health(process, environment)[0] == 0

    with running([*OPERATION_SERVER, process], ready=is_well, env=os.environ | environment):
        # One that waits to lead is well too.
        (tmp_path / "second").mkdir()
        second = environment | {"SATELLITE_HEALTH_DIR": str(tmp_path / "second")}
        with running(
            [*OPERATION_SERVER, process],
            ready=lambda: health(process, second)[0] == 0,
            env=os.environ | second,
        ):
            pass
    sign = tmp_path / f"{process}.alive"
    os.utime(sign, (0, sign.stat().st_mtime - ALIVE_FOR_S))
    assert health(process, environment) == (
        1, f"the {process} process had no session with its database for 30 s (SATELLITE_DATABASE_URL)\n"
    )  # fmt: skip


def test_a_loop_without_its_database_is_not(redis_url: str, tmp_path: Path) -> None:
    environment = {
        "SATELLITE_DATABASE_URL": f"postgresql+psycopg://nobody@127.0.0.1:{find_free_port()}/none",
        "SATELLITE_REDIS_URL": redis_url,
        "SATELLITE_HEALTH_DIR": str(tmp_path),
    }
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        running(
            [*OPERATION_SERVER, "results"],
            ready=lambda: "database does not answer" in log.read_text(),
            env=os.environ | environment,
            stderr=output,
        ),
    ):
        code, said = health("results", environment)
    assert code == 1
    assert "SATELLITE_DATABASE_URL" in said


@pytest.mark.parametrize("process", ["dispatcher", "results"])
def test_a_loop_is_not_well_while_its_broker_is_away_and_then_is_again(
    process: str, database_url: str, tmp_path: Path
) -> None:
    with running_redis() as server:
        environment = {
            "SATELLITE_DATABASE_URL": database_url,
            "SATELLITE_REDIS_URL": server.url,
            "SATELLITE_HEALTH_DIR": str(tmp_path),
        }
        with running(
            [*OPERATION_SERVER, process],
            ready=lambda: health(process, environment)[0] == 0,
            env=os.environ | environment,
        ):
            with redis.Redis.from_url(server.url) as client:
                stopped = psutil.Process(client.info("server")["process_id"])
            stopped.suspend()
            try:
                wait_until(lambda: health(process, environment)[0] == 1)
                _, said = health(process, environment)
            finally:
                stopped.resume()
            wait_until(lambda: health(process, environment)[0] == 0)
    assert said.startswith(f"the {process} process does not work: TimeoutError: ")
    assert "CELERY_BROKER_URL" in said


def test_nobody_is_well_where_no_folder_is_set() -> None:
    code, said = health("dispatcher", {"SATELLITE_HEALTH_DIR": ""})
    assert (code, "SATELLITE_HEALTH_DIR is not set" in said) == (1, True)


def test_the_api_is_asked_whether_it_is_ready(database_url: str, redis_url: str) -> None:
    with running_api(database_url=database_url, redis_url=redis_url) as url:
        port = {"SATELLITE_API_PORT": str(urlsplit(url).port)}
        assert health("api", port) == (0, "")
        assert health("api", {**port, "SATELLITE_API_HOST": "0.0.0.0"}) == (0, "")
    code, said = health("api", port)
    assert (code, said.startswith("the API does not answer at http://127.0.0.1:")) == (1, True)


def test_a_database_without_our_schema_is_named(redis_url: str, database_url: str) -> None:
    empty = database_url.rsplit("/", 1)[0] + "/postgres"
    port = find_free_port()
    environment = {
        "SATELLITE_DATABASE_URL": empty,
        "SATELLITE_REDIS_URL": redis_url,
        "SATELLITE_API_PORT": str(port),
        "SATELLITE_AUTH_SECRET_KEY": "x" * 32,
        "SATELLITE_LOCAL_MODE": "true",
    }
    said = ""

    def is_not_ready() -> bool:
        nonlocal said
        _, said = health("api", environment)
        return said.startswith("not ready")

    with running([*OPERATION_SERVER, "api"], ready=is_not_ready, env=os.environ | environment):
        assert (
            said == "not ready: database is not migrated; run `operation-server migrate`, redis ok, disk ok\n"
        )
