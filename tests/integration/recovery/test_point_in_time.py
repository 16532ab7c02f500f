"""A drill on a PostgreSQL of its own: a recovery to a moment after the backup, by the archived log.

What came between the backup and the moment is there; what came after it is gone, and reaches nobody.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from operation_server.database.engine import create_engine
from operation_server.database.migrate import migrate
from operation_server.incarnations.errors import DatabaseRestored
from operation_server.incarnations.guard import DatabaseGuard
from satellite.settings.database import DatabaseSettings
from tests.integration.dispatch.queue import add_account, register
from tests.integration.recovery.archived_postgres import ArchivedPostgres, archived_postgres
from tests.integration.recovery.commands import environment_of, finish
from tests.integration.recovery.test_finish import Platform
from tests.integration.transitions.seed import dispatch, job_row


@pytest.fixture
def archived() -> Iterator[ArchivedPostgres]:
    with archived_postgres() as server:
        yield server


async def platform_on(server: ArchivedPostgres, redis: Redis, redis_url: str) -> Platform:
    settings = DatabaseSettings(url=server.server.url())  # type: ignore[arg-type]
    return Platform(create_engine(settings, application_name="tests"), redis, redis_url, ada=1, echo=1)


async def require_refused(platform: Platform) -> None:
    with pytest.raises(DatabaseRestored):
        await DatabaseGuard(platform.engine.connect, platform.redis).check()


async def test_what_came_after_the_backup_and_before_the_moment_is_there(
    archived: ArchivedPostgres, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    with archived.serving():
        await asyncio.to_thread(migrate, archived.server.url())
        platform = await platform_on(archived, redis, redis_url)
        assert await register(platform.engine, await add_account(platform.engine)) == platform.echo
        await DatabaseGuard(platform.engine.connect, redis).check()
        [before] = await platform.submit(platform.echo)
        base = await asyncio.to_thread(archived.back_up)

        [ended, begun] = await platform.submit(platform.echo, platform.echo)
        await dispatch(platform.engine)
        await platform.end(ended, result="kept")
        await platform.start(begun)
        [waiting] = await platform.submit(platform.echo)
        moment = await asyncio.to_thread(archived.query, "SELECT clock_timestamp()")

        bob = await add_account(platform.engine, "bob")
        [late] = await platform.submit(platform.echo, owner_id=bob)
        await platform.end(begun, result="taken back")
        await asyncio.to_thread(archived.archive_all)
        await platform.engine.dispose()

    recovered = archived.recovered(base, moment=moment)
    with recovered.serving():
        assert recovered.query("SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)") == "00000002"
        platform = await platform_on(recovered, redis, redis_url)
        assert (await job_row(platform.engine, ended.job_id)).result == "kept"
        await require_refused(platform)

        said = await asyncio.to_thread(finish, environment_of(recovered.server.url(), redis_url))

        assert "Incarnation 2 begins" in said
        await DatabaseGuard(platform.engine.connect, redis).check()
        # The queue is as it was at the moment, and goes out in its order.
        again = await dispatch(platform.engine)
        assert [job.key for job in again] == [
            key._replace(attempt=1001 if key == waiting else 1002) for key in (before, begun, waiting)
        ]
        async with platform.engine.connect() as connection:
            jobs = await connection.scalars(text("SELECT id FROM jobs ORDER BY id"))
            assert list(jobs) == [before.job_id, ended.job_id, begun.job_id, waiting.job_id]
        [new] = await platform.submit(platform.echo)
        assert new.job_id > late.job_id
        await platform.engine.dispose()
    await redis.aclose()


def test_nothing_in_the_archive_is_overwritten(archived: ArchivedPostgres, tmp_path: Path) -> None:
    log, place = tmp_path / "log", tmp_path / "archived"

    def archive(content: str) -> int:
        log.write_text(content)
        return subprocess.run(["sh", archived.folder / "archive-wal", log, place]).returncode

    assert archive("one") == 0
    # After a crash PostgreSQL asks for the same again.
    assert archive("one") == 0
    assert archive("two") != 0
    assert place.read_text() == "one"
