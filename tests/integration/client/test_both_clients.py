"""Both Python clients against a real API process: the same names, answers and errors."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from satellite.client import (
    AsyncSatelliteClient,
    CircuitBreaker,
    Fallback,
    JobFailed,
    NotFound,
    SatelliteClient,
    ServerUnreachable,
    ServiceAway,
    Tokens,
    WaitTimedOut,
)
from satellite.contracts.event import EventType
from satellite.local.ports import find_free_port
from satellite.local.postgres import EmbeddedPostgres
from satellite.local.redis import EmbeddedRedis
from tests.fixtures.api import ADMIN, running_api
from tests.fixtures.clients import ClientKind, opened
from tests.fixtures.postgres import fresh_database
from tests.fixtures.servers import wait_until
from tests.integration.operation_server_api.conftest import MANIFEST

NAME = MANIFEST["name"]
INPUT = {"n": 1}
CV = Fallback("cv", lambda asked: ["by hand", asked])
PAUSE_S = 1.0
CONTENT = random.Random(7).randbytes(300_000)


@pytest.fixture(scope="module")
def api_url(
    postgres_server: EmbeddedPostgres, redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """One API process for all tests here but those that stop it."""
    storage_url = tmp_path_factory.mktemp("files").as_uri()
    with (
        fresh_database(postgres_server) as database_url,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("SATELLITE_FILES_STORAGE_URL", storage_url)
        with running_api(database_url=database_url, redis_url=redis_server.url) as url:
            yield url


@pytest.mark.parametrize("kind", list(ClientKind))
def test_what_can_be_asked_of_a_server_without_workers(kind: ClientKind, api_url: str) -> None:
    name, once, lot = f"adder-{kind}", {"idempotency_key": f"once {kind}"}, {"idempotency_key": f"lot {kind}"}
    with opened(kind, api_url) as client:
        assert client.is_ready()
        client.login(**ADMIN)
        assert client.register_plugin(MANIFEST | {"name": name}).name == name
        assert [one.version for one in client.list_plugin_versions(name).items] == [MANIFEST["version"]]
        assert client.get_plugin_version(name, MANIFEST["version"]).report is None

        job = client.submit(name, INPUT, **once)
        assert client.submit(name, INPUT, **once).id == job.id
        batch, again = (client.submit_batch(name, [INPUT, INPUT], **lot) for _ in range(2))
        assert (again.ids, batch.replayed, again.replayed) == (batch.ids, 0, 2)
        assert client.list_jobs(plugin_name=name).total == 3

        with pytest.raises(WaitTimedOut):
            client.wait(job.id, timeout_s=0.2)
        with pytest.raises(WaitTimedOut):
            list(client.map(name, [INPUT] * 2, at_once=2, timeout_s=0.2, **lot))
        assert client.list_jobs(plugin_name=name).total == 3, "the jobs of the batch were not found by map"
        late = client.run(name, INPUT, wait_s=0.2, fallback=CV, **once)
        assert (late.result, late.made_by, late.degraded) == (["by hand", INPUT], "cv", True)
        assert late.job_id == job.id

        client.cancel(job.id)
        assert client.wait(job.id, timeout_s=10).status == "cancelled"
        assert [event.type for event in client.events(job.id, timeout_s=20)][-1] is EventType.RESULT
        with pytest.raises(JobFailed, match="cancelled"):
            client.run(name, INPUT, fallback=CV, **once)
        with pytest.raises(NotFound):
            client.get_job(9_999)
        with pytest.raises(NotFound):
            next(iter(client.events(9_999)))


@pytest.mark.parametrize("kind", list(ClientKind))
def test_files_go_there_and_back(kind: ClientKind, api_url: str, tmp_path: Path) -> None:
    here, back = tmp_path / "rows.csv", tmp_path / "back"
    here.write_bytes(CONTENT)
    with opened(kind, api_url) as client:
        client.login(**ADMIN)
        file = client.upload_file(here)
        assert client.download_file(file.id, back).sha256 == file.sha256
        assert back.read_bytes() == CONTENT
        client.delete_file(file.id)
        with pytest.raises(NotFound):
            client.download_file(file.id, tmp_path / "gone")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "rows.csv"]


@pytest.mark.parametrize("kind", list(ClientKind))
def test_a_login_renews_itself_while_many_use_it(kind: ClientKind, api_url: str) -> None:
    with opened(kind, api_url) as client:
        grant = client.login(**ADMIN)
        client._login.write(Tokens(access="expired", refresh=grant.refresh_token))  # type: ignore[union-attr]
        client.token = "expired"
        assert client.me()["email"] == ADMIN["username"]
        client.logout()


def test_many_tasks_find_one_login_expired(api_url: str) -> None:
    async def ask() -> None:
        async with AsyncSatelliteClient(api_url) as client:
            grant = await client.login(**ADMIN)
            client._login.write(Tokens(access="expired", refresh=grant.refresh_token))  # type: ignore[union-attr]
            client.token = "expired"
            found = await asyncio.gather(*(client.me() for _ in range(40)))
            assert {each["email"] for each in found} == {ADMIN["username"]}

    asyncio.run(ask())


def test_a_cancelled_task_leaves_no_connection_open(api_url: str) -> None:
    with SatelliteClient(api_url) as other:
        other.login(**ADMIN)
        other.register_plugin(MANIFEST)
        job, token = other.submit(NAME, INPUT), other.token

    async def give_up() -> list[Any]:
        async with AsyncSatelliteClient(api_url, token=token) as client:

            async def follow() -> None:
                async for event in client.events():
                    seen.put_nowait(event)

            seen: asyncio.Queue[Any] = asyncio.Queue()
            tasks = [asyncio.create_task(client.wait(job.id)), asyncio.create_task(follow())]
            await client.submit(NAME, INPUT)
            async with asyncio.timeout(20):
                await seen.get()
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(each, asyncio.CancelledError) for each in ended)
            await asyncio.sleep(0)
            transport = client._http._transport
            return [one for one in transport._pool.connections if not one.is_idle()]  # type: ignore[attr-defined]

    assert asyncio.run(give_up()) == []


def test_a_server_that_is_away_is_left_alone_and_found_again(database_url: str, redis_url: str) -> None:
    port = find_free_port()
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(
                opened(
                    kind,
                    f"http://127.0.0.1:{port}",
                    retry_for_s=0.1,
                    breaker=CircuitBreaker(failures=2, pause_s=PAUSE_S),
                )
            )
            for kind in ClientKind
        ]
        with running_api(database_url=database_url, redis_url=redis_url, port=port):
            for client in clients:
                client.login(**ADMIN)
            client.register_plugin(MANIFEST)
            job = client.submit(NAME, INPUT, idempotency_key="once")

        for client in clients:
            for _ in range(2):
                with pytest.raises(ServerUnreachable):
                    client.run(NAME, INPUT)
            with pytest.raises(ServiceAway) as away:
                client.run(NAME, INPUT)
            assert 0 < away.value.retry_after_s <= PAUSE_S
            assert client.run(NAME, INPUT, fallback=CV).degraded

        with running_api(database_url=database_url, redis_url=redis_url, port=port):
            client.cancel(job.id)
            for client in clients:
                assert wait_until(lambda client=client: answering_job(client)) == job.id
                with pytest.raises(JobFailed):
                    client.run(NAME, INPUT, idempotency_key="once")


def answering_job(client: SatelliteClient) -> int | None:
    """Return the job of which the server tells again, or None while a fallback answers."""
    try:
        client.run(NAME, INPUT, fallback=CV, idempotency_key="once")
    except JobFailed as failed:
        return failed.job.id
    return None


def test_what_a_test_found_is_registered_with_the_same_files(api_url: str, tmp_path: Path) -> None:
    with SatelliteClient(api_url) as client:
        client.login(**ADMIN)
        environment = os.environ | {
            "SATELLITE_URL": api_url,
            "SATELLITE_TOKEN": client.token or "",
            "SATELLITE_CONFIG_DIR": str(tmp_path / "config"),
        }

        def satellite(*words: str) -> str:
            command = [sys.executable, "-m", "satellite.cli.main", "plugin", *words]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)
            assert done.returncode == 0, done.stderr
            return done.stdout

        folder = tmp_path / "word-tally"
        satellite("init", str(folder))
        assert "not tested" in satellite("register", str(folder))
        satellite("test", str(folder), "--near=1", "--repeats=1")
        assert "nothing found" in satellite("register", str(folder))

        (version,) = client.list_plugin_versions("word-tally").items
        assert version.report is not None
        assert (version.report.passed, version.report.findings) == (True, 0)
        assert client.get_plugin_report("word-tally", version.version).is_clean
        assert "passed" in satellite("versions", "word-tally")

        (folder / "main.py").write_text((folder / "main.py").read_text() + "\n")
        assert "not tested" in satellite("register", str(folder))
