from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from operation_server.dispatch.publisher import message_body
from operation_server.jobs.transitions import (
    LossBudget,
    VersionCatalog,
    apply_outcomes,
    apply_started,
    confirm_cancelled,
    expire_waiting,
    lose_attempts,
    release_undelivered,
    replay,
    request_cancel,
    select_and_mark,
)
from satellite.contracts.event import EventType
from satellite.contracts.identity import AttemptKey
from satellite.contracts.job import JobMessage, StartedReport
from satellite.contracts.outcome import CapturedLog, ErrorKind, JobError, OutcomeStatus, WorkerTimings
from satellite.contracts.plugin_manifest import RetryPolicy
from satellite.testing import attempt_key_of
from tests.integration.transitions.seed import PLENTY, dispatch, job_row, outcome, submit_one


def started(job_id: int, attempt: int) -> StartedReport:
    return StartedReport(job_id=job_id, attempt=attempt, worker="w1", started_at=datetime.now(UTC))


class TestSubmit:
    async def test_job_waits_and_its_event_is_written(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine, input_data=None, expires_in_s=60, priority=9)

        job = await job_row(engine, job_id)
        assert (job.status, job.attempt, job.dispatched_at, job.input_data) == ("queued", 0, None, None)
        assert 59 < (job.expires_at - job.created_at).total_seconds() <= 60
        async with engine.connect() as connection:
            data = (await connection.execute(text("SELECT data FROM job_events"))).scalar_one()
        assert data == {"status": "queued", "attempt": 0}

    async def test_the_input_is_kept_as_the_text_that_it_is(self, engine: AsyncEngine) -> None:
        text_ = '{"z":1,"big":-1208925819614629174706176,"f":1e308,"m":-0.0,"t":"\\\\u0000","a":[1.0,null]}'
        job_id = await submit_one(engine, input_json=text_)

        [job] = await dispatch(engine)
        assert (job.job_id, job.input_json) == (job_id, text_)


class TestFinish:
    async def test_completed_job_has_result_timings_log_and_history(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine)
        await dispatch(engine)
        async with engine.begin() as connection:
            await connection.run_sync(apply_started, [started(job_id, 1)])
        async with engine.begin() as connection:
            applied = await connection.run_sync(
                apply_outcomes,
                [
                    outcome(
                        job_id,
                        1,
                        result={"y": [1, "é"]},
                        log=CapturedLog.from_text("hello", total_bytes=5),
                        timings=WorkerTimings(ran_ms=2.5, claimed_ms=0.5),
                    )
                ],
            )

        assert applied.applied == [attempt_key_of(job_id)]
        assert [entry.type for entry in applied.entries] == [EventType.STATUS, EventType.RESULT]
        assert orjson.loads(applied.entries[1].data)["result"] == {"y": [1, "é"]}
        assert applied.entries[0].event_id < applied.entries[1].event_id
        job = await job_row(engine, job_id)
        assert (job.status, job.result, job.worker, job.error) == ("completed", {"y": [1, "é"]}, "w1", None)
        timings = dict(job.timings)
        assert timings.pop("start") == "cold"
        total = timings.pop("total")
        assert sum(timings.values()) == pytest.approx(total, abs=0.02)
        assert job.created_at <= job.dispatched_at <= job.started_at <= job.completed_at
        async with engine.connect() as connection:
            history = (await connection.execute(text("SELECT * FROM job_attempts"))).one()
            log = (await connection.execute(text("SELECT total_bytes FROM job_logs"))).scalar_one()
        assert (history.outcome, history.attempt, log) == ("completed", 1, 5)

    async def test_outcome_may_overtake_its_started(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine)
        await dispatch(engine)
        async with engine.begin() as connection:
            applied = await connection.run_sync(apply_outcomes, [outcome(job_id, 1)])
            late = await connection.run_sync(apply_started, [started(job_id, 1)])

        assert applied.applied == [attempt_key_of(job_id)]
        assert late == []
        assert (await job_row(engine, job_id)).status == "completed"

    async def test_duplicate_and_stale_outcomes_are_counted_and_dropped(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine)
        await dispatch(engine)
        async with engine.begin() as connection:
            first = await connection.run_sync(
                apply_outcomes,
                [outcome(job_id, 1, result=1), outcome(job_id, 1, result=2), outcome(job_id, 7)],
            )
            again = await connection.run_sync(apply_outcomes, [outcome(job_id, 1, OutcomeStatus.FAILED)])

        assert (len(first.applied), first.stale, again.stale, again.applied) == (1, 2, 1, [])
        assert (await job_row(engine, job_id)).result == 1

    async def test_outcome_waits_for_the_dispatch_that_has_not_committed(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine)
        async with engine.begin() as dispatching:
            await dispatching.run_sync(select_and_mark, capacity=PLENTY, catalog=VersionCatalog(), limit=10)

            async def apply() -> list[AttemptKey]:
                async with engine.begin() as connection:
                    return (await connection.run_sync(apply_outcomes, [outcome(job_id, 1)])).applied

            async def start() -> int:
                async with engine.begin() as connection:
                    return len(await connection.run_sync(apply_started, [started(job_id, 1)]))

            tasks = [asyncio.create_task(start()), asyncio.create_task(apply())]
            await asyncio.sleep(0.2)
            assert not any(task.done() for task in tasks)
        assert await tasks[1] == [attempt_key_of(job_id)]
        await tasks[0]
        assert (await job_row(engine, job_id)).status == "completed"

    async def test_retries_back_off_and_end_in_failure(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine)
        for attempt, delay_s in ((1, 1), (2, 2), (3, 4), (4, None)):
            assert [job.attempt for job in await dispatch(engine)] == [attempt]
            async with engine.begin() as connection:
                await connection.run_sync(apply_outcomes, [outcome(job_id, attempt, OutcomeStatus.FAILED)])
                now = (await connection.execute(text("SELECT now()"))).scalar_one()
            job = await job_row(engine, job_id)
            if delay_s is None:
                assert (job.status, job.error["kind"], job.failures) == ("failed", "exit", 4)
                assert len(job.error_fingerprint) == 16
                break
            assert job.status == "queued"
            assert (job.run_at - now).total_seconds() == pytest.approx(delay_s, abs=0.001)
            assert await dispatch(engine) == []
            async with engine.begin() as connection:
                await connection.execute(text("UPDATE jobs SET run_at = now()"))

    async def test_a_jobs_own_policy_overrides_that_of_its_plugin(self, engine: AsyncEngine) -> None:
        own = RetryPolicy(max_retries=1, delay_s=7, kinds=["exit"])
        job_id = await submit_one(engine, max_retries=1, retry=own)
        await dispatch(engine)
        async with engine.begin() as connection:
            await connection.run_sync(apply_outcomes, [outcome(job_id, 1, OutcomeStatus.FAILED)])
            now = (await connection.execute(text("SELECT now()"))).scalar_one()
        assert ((await job_row(engine, job_id)).run_at - now).total_seconds() == 7
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE jobs SET run_at = now()"))
        await dispatch(engine)
        async with engine.begin() as connection:
            await connection.run_sync(lose_attempts, [attempt_key_of(job_id, 2)])
        job = await job_row(engine, job_id)
        assert (job.status, job.error["kind"], job.losses) == ("failed", "lost", 1)

        async with engine.begin() as connection:
            await connection.run_sync(replay, [job_id])
        assert RetryPolicy.model_validate((await job_row(engine, job_id)).retry) == own

    async def test_input_errors_are_not_retried(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine)
        await dispatch(engine)
        error = JobError(kind=ErrorKind.INPUT, message="no\0t that")
        async with engine.begin() as connection:
            await connection.run_sync(apply_outcomes, [outcome(job_id, 1, OutcomeStatus.FAILED, error=error)])

        job = await job_row(engine, job_id)
        assert (job.status, job.error["message"]) == ("failed", "no\ufffdt that")

    @pytest.mark.parametrize(
        "result_json",
        [
            r'"a\u0000b"', r'{"k": ["\ud800"]}', "[1e400]", "NaN", "{", "1 2", "", "1" * 5_000,
            "[" * 129 + "]" * 129, "[" * 1_000 + "]" * 1_000, '"' + "x" * 1_000_000 + '"', None,
        ],
        ids=[
            "nul", "surrogate", "infinite", "nan", "broken", "two", "empty", "digits",
            "129 levels", "1000 levels", "large", "missing",
        ],
    )  # fmt: skip
    async def test_a_result_that_is_refused_fails_its_job_alone(
        self, engine: AsyncEngine, result_json: str | None
    ) -> None:
        good, bad = await submit_one(engine), await submit_one(engine)
        await dispatch(engine)
        bad_outcome = outcome(bad, 1).model_copy(update={"result_json": result_json})
        async with engine.begin() as connection:
            await connection.run_sync(apply_outcomes, [bad_outcome, outcome(good, 1, result=1)])

        job = await job_row(engine, bad)
        assert (job.status, job.error["kind"], job.result) == ("failed", "output", None)
        assert "refused: the value" in job.error["message"]
        assert (await job_row(engine, good)).status == "completed"

    async def test_interrupted_attempt_keeps_place_and_budget(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine)
        before = await job_row(engine, job_id)
        await dispatch(engine)
        async with engine.begin() as connection:
            await connection.run_sync(apply_outcomes, [outcome(job_id, 1, OutcomeStatus.INTERRUPTED)])

        job = await job_row(engine, job_id)
        assert (job.status, job.failures, job.losses) == ("queued", 0, 0)
        assert job.order_key == before.order_key
        assert [job.attempt for job in await dispatch(engine)] == [2]


class TestCancel:
    async def test_waiting_job_ends_at_once(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine)
        async with engine.begin() as connection:
            requested = await connection.run_sync(request_cancel, [job_id, 999])
            again = await connection.run_sync(request_cancel, [job_id])

        assert (requested.cancelled, requested.cancelling) == ([job_id], [])
        assert [entry.type for entry in requested.entries] == [EventType.STATUS, EventType.RESULT]
        assert again.already_finished == [job_id]
        assert await dispatch(engine) == []

    async def test_held_job_is_cancelled_when_its_worker_lets_go(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine)
        await dispatch(engine)
        async with engine.begin() as connection:
            await connection.run_sync(apply_started, [started(job_id, 1)])
            requested = await connection.run_sync(request_cancel, [job_id])
            again = await connection.run_sync(request_cancel, [job_id])
        assert (requested.cancelling, len(requested.entries), len(again.entries)) == (
            [attempt_key_of(job_id).job],
            1,
            0,
        )
        assert orjson.loads(requested.entries[0].data)["cancelling"] is True
        assert (await job_row(engine, job_id)).status == "processing"

        async with engine.begin() as connection:
            await connection.run_sync(apply_outcomes, [outcome(job_id, 1, OutcomeStatus.CANCELLED)])
        assert (await job_row(engine, job_id)).status == "cancelled"

    async def test_finished_work_wins_over_a_pending_cancel(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine)
        await dispatch(engine)
        async with engine.begin() as connection:
            await connection.run_sync(request_cancel, [job_id])
            await connection.run_sync(apply_outcomes, [outcome(job_id, 1, result=1)])
        assert (await job_row(engine, job_id)).status == "completed"

    async def test_confirmed_only_when_requested(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine)
        await dispatch(engine)
        async with engine.begin() as connection:
            assert (await connection.run_sync(confirm_cancelled, [attempt_key_of(job_id, 1)])).attempts == 0
            await connection.run_sync(request_cancel, [job_id])
            assert (
                len((await connection.run_sync(confirm_cancelled, [attempt_key_of(job_id, 1)])).entries) == 2
            )
        assert (await job_row(engine, job_id)).status == "cancelled"

    async def test_lost_attempt_of_a_cancelled_job_is_history_and_not_its_error(
        self, engine: AsyncEngine
    ) -> None:
        job_id = await submit_one(engine)
        await dispatch(engine)
        async with engine.begin() as connection:
            await connection.run_sync(apply_started, [started(job_id, 1)])
            await connection.run_sync(request_cancel, [job_id])
            await connection.run_sync(lose_attempts, [attempt_key_of(job_id, 1)])
            history = (await connection.execute(text("SELECT error FROM job_attempts"))).scalar_one()

        job = await job_row(engine, job_id)
        assert (job.status, job.error, job.error_fingerprint) == ("cancelled", None, None)
        assert history["kind"] == "lost"

    async def test_undelivered_job_that_was_cancelled_does_not_go_back_into_the_queue(
        self, engine: AsyncEngine
    ) -> None:
        job_id = await submit_one(engine)
        await dispatch(engine)
        async with engine.begin() as connection:
            await connection.run_sync(request_cancel, [job_id])
            entries = (await connection.run_sync(release_undelivered, [attempt_key_of(job_id, 1)])).entries

        assert [entry.type for entry in entries] == [EventType.STATUS, EventType.RESULT]
        assert (await job_row(engine, job_id)).status == "cancelled"
        assert await dispatch(engine) == []


class TestRecovery:
    async def test_lost_attempt_runs_again_at_once_and_the_late_outcome_is_refused(
        self, engine: AsyncEngine
    ) -> None:
        job_id = await submit_one(engine)
        await dispatch(engine)
        async with engine.begin() as connection:
            await connection.run_sync(apply_started, [started(job_id, 1)])
            await connection.run_sync(lose_attempts, [attempt_key_of(job_id, 1)])
        assert [job.attempt for job in await dispatch(engine)] == [2]
        async with engine.begin() as connection:
            late = await connection.run_sync(apply_outcomes, [outcome(job_id, 1)])
        assert late.stale == 1

    async def test_a_job_lost_again_and_again_runs_alone_and_is_given_up(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine, max_retries=0)
        alone = []
        for attempt in range(1, 11):
            [job] = await dispatch(engine)
            alone.append(job.runs_alone)
            [argument], _, _ = orjson.loads(message_body(job))
            assert JobMessage.model_validate(argument).runs_alone is job.runs_alone
            async with engine.begin() as connection:
                await connection.run_sync(apply_started, [started(job_id, attempt)])
                await connection.run_sync(lose_attempts, [attempt_key_of(job_id, attempt)])
        row = await job_row(engine, job_id)
        assert (row.status, row.error["kind"], row.failures, row.losses) == ("failed", "lost", 0, 10)
        assert alone == [False] * 3 + [True] * 7
        assert "lost 10 times, 7 of them while it ran alone" in row.error["message"]

    async def test_what_its_executor_takes_along_is_lost_too(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine, max_retries=0)
        error = JobError(kind=ErrorKind.LOST, message="The attempt was lost: its executor died.")
        for attempt in (1, 2):
            await dispatch(engine)
            lost = outcome(job_id, attempt, OutcomeStatus.FAILED, error=error)
            async with engine.begin() as connection:
                await connection.run_sync(apply_outcomes, [lost], losses=LossBudget(losses_max=2))
        row = await job_row(engine, job_id)
        assert (row.status, row.failures, row.losses) == ("failed", 0, 2)
        assert (
            row.error["message"]
            == f"{error.message} The job was lost 2 times: it seems to end whatever runs it."
        )

    async def test_undelivered_attempt_is_released_without_counting(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine, max_retries=0)
        for attempt in range(1, 11):
            assert [job.attempt for job in await dispatch(engine)] == [attempt]
            async with engine.begin() as connection:
                repaired = await connection.run_sync(release_undelivered, [attempt_key_of(job_id, attempt)])
            assert (repaired.attempts, repaired.entries) == (1, [])
            job = await job_row(engine, job_id)
            assert (job.status, job.failures, job.redeliveries) == ("queued", 0, attempt)
        await dispatch(engine)
        async with engine.begin() as connection:
            assert (await connection.run_sync(release_undelivered, [attempt_key_of(job_id, 11)])).entries
        job = await job_row(engine, job_id)
        assert (job.status, job.failures, job.losses, job.redeliveries) == ("queued", 0, 1, 0)

    async def test_a_job_that_nobody_starts_is_lost_at_last(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine)
        await dispatch(engine)
        last = LossBudget(losses_max=1)
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE jobs SET redeliveries = 10"))
            await connection.run_sync(release_undelivered, [attempt_key_of(job_id)], losses=last)
        job = await job_row(engine, job_id)
        assert (job.status, job.error["kind"]) == ("failed", "lost")

    async def test_expired_job_fails_with_timeout(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine, expires_in_s=0.001)
        kept = await submit_one(engine, expires_in_s=600)
        await asyncio.sleep(0.01)
        assert [job.job_id for job in await dispatch(engine)] == [kept]
        async with engine.begin() as connection:
            entries = await connection.run_sync(expire_waiting)
        assert [entry.job_id for entry in entries] == [job_id, job_id]
        job = await job_row(engine, job_id)
        assert (job.status, job.error["kind"]) == ("failed", "timeout")

    async def test_replay_starts_a_fresh_budget_with_a_higher_attempt(self, engine: AsyncEngine) -> None:
        job_id = await submit_one(engine, max_retries=0)
        await dispatch(engine)
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE jobs SET losses = 9"))
            await connection.run_sync(apply_outcomes, [outcome(job_id, 1, OutcomeStatus.FAILED)])
            assert len(await connection.run_sync(replay, [job_id])) == 1
            assert await connection.run_sync(replay, [job_id]) == []
        job = await job_row(engine, job_id)
        assert (job.status, job.failures, job.losses, job.error) == ("queued", 0, 0, None)
        assert [job.attempt for job in await dispatch(engine)] == [2]
