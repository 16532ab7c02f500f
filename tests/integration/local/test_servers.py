"""The real PostgreSQL, Redis and Ray of the local stack, under its own supervisor."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
import redis
import redis.asyncio

from satellite.local.home import StackHome
from satellite.local.leftovers import find_strays
from satellite.local.postgres_place import SYSTEM_STATE, find_place
from satellite.local.stack import Stack, StackOptions, StackPorts
from satellite.local.supervisor import Supervisor


@pytest.fixture
def home() -> Iterator[StackHome]:
    """A home below a folder that everybody can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="satellite-home-"))
    folder.chmod(0o755)
    home = StackHome(path=folder / "home")
    home.prepare()
    scratch = home.scratch
    yield home
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(scratch, ignore_errors=True)


@pytest.fixture
def private_home() -> Iterator[StackHome]:
    """A home below a folder that only its owner can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="satellite-private-"))
    home = StackHome(path=folder / "home")
    home.prepare()
    outside = SYSTEM_STATE / f"satellite-{home.stack_id}"
    yield home
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(outside, ignore_errors=True)


@asynccontextmanager
async def serving(home: StackHome, *names: str) -> AsyncIterator[Stack]:
    """Run the named processes of a stack."""

    async def no_environment() -> Mapping[str, str]:
        return {}

    stack = Stack(
        home=home,
        options=StackOptions(),
        ports=StackPorts.choose(StackOptions()),
        postgres_place=find_place(home),
        worker_environment=no_environment,
    )
    wanted = [spec for spec in stack.processes() if spec.name in names]
    supervisor = Supervisor(wanted, log_dir=home.logs)
    supervisor.start()
    try:
        await asyncio.wait_for(supervisor.wait_ready(), 90)
        yield stack
    finally:
        await supervisor.stop()


def execute(stack: Stack, statement: str) -> list[tuple[object, ...]]:
    url = stack.postgres.url().replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


class TestPostgresAndRedis:
    async def test_data_is_found_again_after_a_restart(self, home: StackHome) -> None:
        async with serving(home, "postgres", "redis") as stack:
            execute(stack, "CREATE TABLE kept AS SELECT 42 AS answer")
            with redis.Redis.from_url(stack.redis.url) as client:
                client.set("kept", "yes")

        async with serving(home, "postgres", "redis") as stack:
            assert execute(stack, "SELECT answer FROM kept") == [(42,)]
            with redis.Redis.from_url(stack.redis.url) as client:
                assert client.get("kept") == b"yes"

    async def test_redis_wants_its_password(self, home: StackHome) -> None:
        async with serving(home, "redis") as stack:
            with (
                redis.Redis(host="127.0.0.1", port=stack.ports.redis) as client,
                pytest.raises(redis.AuthenticationError),
            ):
                client.ping()

    async def test_a_long_redis_log_is_rewritten_and_a_short_one_left_alone(
        self, home: StackHome, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log = home.path / "redis" / "appendonly.aof"
        async with serving(home, "redis") as stack, redis.asyncio.Redis.from_url(stack.redis.url) as client:
            for number in range(200):
                await client.set("overwritten", str(number) * 1000)
            await stack.redis.compact()
            assert (await client.info("stats"))["total_forks"] == 0
            length_bytes = log.stat().st_size

            monkeypatch.setattr("satellite.local.redis.COMPACT_FROM_BYTES", length_bytes - 1)
            await stack.redis.compact()
            async with asyncio.timeout(60):
                while log.stat().st_size > length_bytes / 10:
                    await asyncio.sleep(0.02)
            assert await client.get("overwritten") == b"199" * 1000

    async def test_half_made_cluster_is_made_anew(self, home: StackHome) -> None:
        draft = home.path / "postgres.new"
        draft.mkdir()
        (draft / "PG_VERSION").write_text("18\n")

        async with serving(home, "postgres") as stack:
            assert execute(stack, "SELECT 1") == [(1,)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops privileges")
class TestPrivateHome:
    async def test_postgres_moves_to_where_its_account_can_go_and_stays_there(
        self, private_home: StackHome
    ) -> None:
        place = find_place(private_home)
        assert place.data_dir.is_relative_to(SYSTEM_STATE)
        assert place.remark is not None
        assert str(private_home.path) in place.remark

        async with serving(private_home, "postgres") as stack:
            execute(stack, "CREATE TABLE kept AS SELECT 42 AS answer")
        private_home.path.parent.chmod(0o755)

        async with serving(private_home, "postgres") as stack:
            assert execute(stack, "SELECT answer FROM kept") == [(42,)]

    async def test_programs_out_of_reach_are_copied(
        self, private_home: StackHome, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("satellite.local.postgres_place._is_executable", lambda _: False)

        async with serving(private_home, "postgres") as stack:
            assert execute(stack, "SELECT 1") == [(1,)]
            assert stack.postgres_place.programs is not None
            assert Path(stack.postgres.command()[0]).is_relative_to(SYSTEM_STATE)

    def test_data_that_went_out_of_reach_is_told_of_in_one_sentence(self, private_home: StackHome) -> None:
        from satellite.local.errors import StackError

        data = private_home.path / "postgres"
        data.mkdir()
        (data / "PG_VERSION").write_text("18")

        with pytest.raises(StackError, match=r"can no longer reach .*chmod a\+x"):
            find_place(private_home)


class TestRay:
    async def test_ray_starts_serves_only_token_holders_and_leaves_nothing(self, home: StackHome) -> None:
        async with serving(home, "ray") as stack:
            assert find_strays(home.stack_id)
            assert stack.home.scratch.exists()

        assert not find_strays(home.stack_id)
