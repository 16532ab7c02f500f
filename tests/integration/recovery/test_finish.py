"""What a recovery is finished by: unfinished jobs, messages of before, numbers, logins and files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisAway
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from analysis_server.execution.claim import ClaimStore
from analysis_server.reporting.callback_message import outcome_message
from analysis_server.reporting.celery_reporter import CeleryReporter
from analysis_server.reporting.leases import LeaseKeeper
from analysis_server.reporting.spool import Spool
from operation_server.dispatch.celery_app import make_app
from operation_server.dispatch.locks import RESULTS_LOCK
from operation_server.dispatch.parts import open_parts
from operation_server.dispatch.publisher import JobPublisher
from operation_server.incarnations import repository as incarnations
from operation_server.jobs.transitions import (
    DispatchedJob,
    apply_outcomes,
    apply_started,
    replay,
    request_cancel,
    submit_jobs,
)
from operation_server.recovery import finish as finishing
from operation_server.recovery import leftovers
from operation_server.recovery.errors import StillWorkedOn
from operation_server.recovery.repository import NUMBERS_LEFT_OUT
from operation_server.settings import DispatchSettings
from satellite.contracts import redis_keys
from satellite.contracts.identity import AttemptKey
from satellite.contracts.job import StartedReport
from satellite.contracts.outcome import ErrorKind, JobError, OutcomeStatus
from satellite.local.postgres import EmbeddedPostgres
from satellite.settings.broker import BrokerSettings
from satellite.testing import heartbeat_of
from tests.fixtures.servers import wait_until
from tests.integration.dispatch.queue import add_account, register
from tests.integration.dispatch.test_results_consumer import Consumer, consumer
from tests.integration.recovery.commands import environment_of, finish
from tests.integration.recovery.copies import copy
from tests.integration.transitions.seed import dispatch, job_row, new_job, outcome

__all__ = ["consumer"]


@dataclass
class Platform:
    """A database with its Redis, without processes."""

    engine: AsyncEngine
    redis: Redis
    redis_url: str
    ada: int = 0
    echo: int = 0
    """A plugin whose outcome is all that it leaves behind."""
    mailer: int = 0
    """A plugin with a network."""

    async def submit(self, *plugins: int, owner_id: int | None = None) -> list[AttemptKey]:
        """Submit a job of each plugin; return what names their first attempts."""
        jobs = [new_job(owner_id or self.ada, plugin) for plugin in plugins]
        async with self.engine.begin() as connection:
            keys = (await connection.run_sync(submit_jobs, jobs)).keys
        return [AttemptKey(key.job_id, 1, key.uid) for key in keys]

    async def start(self, *keys: AttemptKey) -> None:
        reports = [
            StartedReport(**key._asdict(), worker="w1", started_at=outcome(1).started_at) for key in keys
        ]
        async with self.engine.begin() as connection:
            await connection.run_sync(apply_started, reports)

    async def end(self, key: AttemptKey, **changes: Any) -> None:
        async with self.engine.begin() as connection:
            applied = await connection.run_sync(
                apply_outcomes, [outcome(key.job_id, key.attempt, uid=key.uid, **changes)]
            )
        assert applied.applied == [key]

    async def publish(self, jobs: list[DispatchedJob]) -> None:
        publisher = JobPublisher(make_app(BrokerSettings(redis_url=self.redis_url)))
        publisher.publish(jobs)
        publisher.close()

    async def note_location(self) -> None:
        async with self.engine.begin() as connection:
            await incarnations.note_location(connection)

    async def execute(self, statement: str, **parameters: Any) -> Any:
        async with self.engine.begin() as connection:
            return await connection.execute(text(statement), parameters)

    async def number(self, statement: str) -> int:
        return int((await self.execute(statement)).scalar_one())

    async def status(self, key: AttemptKey) -> tuple[str, int]:
        row = await job_row(self.engine, key.job_id)
        return row.status, row.attempt


@pytest.fixture
async def platform(engine: AsyncEngine, redis_url: str) -> AsyncIterator[Platform]:
    redis = Redis.from_url(redis_url)
    platform = Platform(engine, redis, redis_url)
    platform.ada = await add_account(engine)
    platform.echo = await register(engine, platform.ada)
    platform.mailer = await register(engine, platform.ada, "mailer", network=True)
    await platform.note_location()
    yield platform
    await redis.aclose()


def report_of(key: AttemptKey, result: Any) -> Any:
    return outcome_message(outcome(key.job_id, key.attempt, uid=key.uid, result=result), callbacks=[])


@dataclass
class Scene:
    """Jobs when the backup was taken, and what was done since."""

    platform: Platform
    spool: Spool
    storage: Path

    async def set_up(self) -> None:
        """Bring jobs into every state."""
        platform = self.platform
        self.done, self.running, self.sent, self.mailing, self.stopping, self.failed = await platform.submit(
            *[platform.echo] * 3, platform.mailer, *[platform.echo] * 2
        )
        await dispatch(platform.engine)
        await platform.start(self.running, self.mailing, self.stopping)
        await platform.end(self.done, result=1)
        error = JobError(kind=ErrorKind.INPUT, message="no")
        await platform.end(self.failed, status=OutcomeStatus.FAILED, error=error)
        async with platform.engine.begin() as connection:
            await connection.run_sync(request_cancel, [self.stopping.job_id])
        self.waiting, self.mail_waiting = await platform.submit(platform.echo, platform.mailer)
        await platform.execute(
            "INSERT INTO files (id, owner_id, object_key, name, media_type, size_bytes, state, expires_at)"
            " VALUES ('lost-bytes', :ada, 'lost-bytes', 'f', 'text/plain', 1, 'ready', now())",
            ada=platform.ada,
        )

    async def go_on(self, consumer: Consumer) -> None:
        """Do what a recovery takes back, and leave traces in Redis, on a worker's disk and in the storage."""
        platform, redis = self.platform, self.platform.redis
        self.bob = await add_account(platform.engine, "bob")
        self.lost, self.spooled = await platform.submit(platform.echo, platform.echo, owner_id=self.bob)
        await platform.publish(await dispatch(platform.engine))
        with BlockingRedis.from_url(platform.redis_url) as blocking:
            ClaimStore(blocking, worker="w1").claim(self.lost)
        await redis.set(redis_keys.newest_attempt(self.waiting.job), 7)
        await redis.set(redis_keys.worker("w1"), heartbeat_of().model_dump_json())
        consumer.send(report_of(self.running, "done since"), report_of(self.lost, "bob's"))
        self.spool.put(self.spooled, report_of(self.spooled, "bob's too"))
        self.newest_event = await platform.number("SELECT max(id) FROM job_events")
        self.storage.mkdir()
        (self.storage / "of-nobody").write_text("bob's")

    async def require_settled(self) -> None:
        """What is known to be done counts; what leaves nothing behind runs again; the rest is put aside."""
        platform = self.platform
        assert (await job_row(platform.engine, self.running.job_id)).result == "done since"
        assert await platform.status(self.done) == ("completed", 1)
        assert await platform.status(self.sent) == ("queued", 1001)
        assert await platform.status(self.waiting) == ("queued", 1000)
        assert await platform.status(self.stopping) == ("cancelled", 1)
        for key in (self.mailing, self.mail_waiting):
            row = await job_row(platform.engine, key.job_id)
            assert (row.status, row.error["kind"]) == ("failed", "lost")
            assert "may have run" in row.error["message"]

    async def require_nothing_known(self) -> None:
        """Redis knows nothing of before, and who still runs something of before is told to end it."""
        redis = self.platform.redis
        left = {key.decode() for key in await redis.keys("*") if not key.startswith(b"_kombu.binding.")}
        # On a busy machine the time of what tells to end may be over.
        assert left | {redis_keys.cancel(self.lost.job)} == {
            redis_keys.worker("w1"),
            redis_keys.cancel(self.lost.job),
        }

    async def require_new_numbers(self) -> int:
        """Numbers are given to nobody again, so a login of somebody who is no more opens no other account."""
        platform = self.platform
        eve = await add_account(platform.engine, "eve")
        [hers] = await platform.submit(platform.echo, owner_id=eve)
        assert eve > NUMBERS_LEFT_OUT > self.bob
        assert hers.job_id > NUMBERS_LEFT_OUT > self.lost.job_id
        event_id = await platform.number("SELECT max(id) FROM job_events")
        assert event_id > NUMBERS_LEFT_OUT > self.newest_event
        assert await platform.number("SELECT min(auth_epoch) FROM users WHERE id < 100") > 1_000_000
        return eve

    async def require_no_result_of_others(self, eve: int, consumer: Consumer) -> None:
        """Even where another job has the very number, a report about the first one is not its result."""
        platform = self.platform
        await platform.execute("SELECT setval('jobs_id_seq', :before)", before=self.lost.job_id - 1)
        same, same_again = await platform.submit(platform.echo, platform.echo, owner_id=eve)
        await dispatch(platform.engine)
        assert (same.job_id, same_again.job_id) == (self.lost.job_id, self.spooled.job_id)
        consumer.send(report_of(self.lost, "bob's"))
        send_spooled(self.spool, platform.redis_url)
        for _ in range(2):
            await consumer.work()
        assert int(await platform.redis.hget(redis_keys.COUNTERS, "stale_outcomes") or 0) == 2
        for key in (same, same_again):
            row = await job_row(platform.engine, key.job_id)
            assert (row.status, row.result) == ("queued", None)
        await platform.end(same, result="hers")


async def test_all_that_was_told_and_numbered_since_reaches_nobody_else(
    platform: Platform,
    consumer: Consumer,
    postgres_server: EmbeddedPostgres,
    database_url: str,
    tmp_path: Path,
) -> None:
    scene = Scene(platform, Spool(tmp_path / "spool"), tmp_path / "files")
    await scene.set_up()
    backup = copy(postgres_server, database_url)
    await scene.go_on(consumer)

    backup.restore()
    environment = environment_of(database_url, platform.redis_url)
    said = finish(environment | {"SATELLITE_FILES_STORAGE_URL": scene.storage.as_uri()})

    assert "2 reports" in said
    assert "2 jobs are queued, 1 are cancelled; 2 may have had an effect" in said
    assert "1 files have lost their bytes, and are answered 404: lost-bytes" in said
    assert "1 objects of the storage belong to no file" in said
    await scene.require_settled()
    await scene.require_nothing_known()
    eve = await scene.require_new_numbers()
    await scene.require_no_result_of_others(eve, consumer)
    # What had failed may have been replayed since, under the next number.
    async with platform.engine.begin() as connection:
        await connection.run_sync(replay, [scene.failed.job_id])
    [again] = await dispatch(platform.engine)
    assert again.key == scene.failed._replace(attempt=1002)


def send_spooled(spool: Spool, redis_url: str) -> None:
    """Start a worker's reporter, which first sends what lies on its disk."""
    redis = BlockingRedis.from_url(redis_url)
    reporter = CeleryReporter(
        make_app(BrokerSettings(redis_url=redis_url)),
        leases=LeaseKeeper(redis, worker="w1", held=list),
        spool=spool,
        released=lambda _: None,
    )
    wait_until(lambda: not list(spool.keys()))
    assert reporter.close(timeout_s=10)
    redis.close()


async def test_a_finish_that_was_broken_off_is_gone_on_with(
    platform: Platform,
    postgres_server: EmbeddedPostgres,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SATELLITE_DATABASE_URL", database_url)
    monkeypatch.setenv("SATELLITE_REDIS_URL", platform.redis_url)
    [job] = await platform.submit(platform.echo)
    copy(postgres_server, database_url).restore()

    async def break_off(redis: Redis) -> int:
        raise RedisAway

    async with open_parts("tests") as parts:
        for is_broken_off in (True, False):
            with monkeypatch.context() as patch:
                if is_broken_off:
                    patch.setattr(leftovers, "forget_attempts", break_off)
                async with platform.engine.connect() as owner:
                    try:
                        finished = await finishing.finish_recovery(owner, parts, DispatchSettings())
                    except RedisAway:
                        assert is_broken_off
                        state = await incarnations.find_state(owner)
                        assert (state.number, state.is_finished) == (2, False)
    assert finished.incarnation == 2
    assert await platform.status(job) == ("queued", 2000)
    numbers = await platform.execute("SELECT number FROM incarnations ORDER BY number")
    assert numbers.scalars().all() == [1, 2]
    told = await platform.execute("SELECT object_id FROM audit_entries WHERE action = 'incarnation.finish'")
    assert told.scalars().all() == ["2"]


async def test_nothing_is_finished_under_a_leader(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "LOCKED_WITHIN_S", 0.3)
    async with platform.engine.connect() as leader, platform.engine.connect() as owner:
        await leader.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": RESULTS_LOCK})
        with pytest.raises(StillWorkedOn):
            await finishing.lock_out_leaders(owner)
