"""The results consumer: what workers report becomes transitions, a batch in one transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import TypeVar

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from operation_server.dispatch.outcome_metrics import count_reports
from operation_server.dispatch.pace import Pace
from operation_server.dispatch.results_source import ReceivedTask, ResultsSource, decode
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.dispatch.wakeups import Leadership
from operation_server.jobs.transitions import AppliedOutcomes, apply_outcomes, apply_started
from operation_server.live.event_publisher import EventPublisher
from operation_server.metrics.recording import loop_rested
from satellite.contracts import redis_keys
from satellite.contracts.event import StreamEntry
from satellite.contracts.job import StartedReport
from satellite.contracts.outcome import Outcome
from satellite.contracts.task_names import APPLY_OUTCOME, REPORT_STARTED

Report = TypeVar("Report", StartedReport, Outcome)

BATCH = 100
AFTER_FAILURE_S = 0.5
APPLY_TIMEOUT_S = 60.0

log = structlog.get_logger(__name__)


class ResultsConsumer:
    """Applies reports while this process leads."""

    def __init__(
        self, *, transactions: TransactionThread, redis: Redis, source: ResultsSource, events: EventPublisher
    ) -> None:
        self._transactions = transactions
        self._redis = redis
        self._source = source
        self._events = events

    async def run(self, leadership: Leadership) -> None:
        """Apply what comes, until the leadership is lost."""
        must_recover = True
        pace = Pace()
        while leadership.holds:
            try:
                if must_recover:
                    await self._recover()
                    must_recover = False
                raw = await self._source.take(BATCH)
                if raw:
                    received_at_s = time.monotonic()
                    async with asyncio.timeout(APPLY_TIMEOUT_S):
                        await self.apply(raw, received_at_s=received_at_s)
                        await self._source.done()
                    rest_s = pace.rest_s(len(raw), took_s=time.monotonic() - received_at_s)
                    if len(raw) < BATCH:  # A full batch has left others behind.
                        loop_rested("results", rest_s)
                        await asyncio.sleep(rest_s)
            except (RedisError, SQLAlchemyError, OSError) as error:
                log.warning("reports wait", error=" ".join(str(error).split())[:300])
                must_recover = True
                await asyncio.sleep(AFTER_FAILURE_S)

    async def apply(self, raw: Sequence[bytes], *, received_at_s: float) -> None:
        """Apply messages in one transaction; one that the database refuses does not hold up the others.

        Raises:
            SQLAlchemyError: the database does not answer; nothing was applied.
        """
        tasks = [task for one in raw if (task := decode(one)) is not None]
        try:
            await self._apply(tasks, received_at_s)
        except DBAPIError as error:
            if not _is_bad_data(error):
                raise
            for task in tasks:
                await self._apply_alone(task, received_at_s)

    async def _apply_alone(self, task: ReceivedTask, received_at_s: float) -> None:
        try:
            await self._apply([task], received_at_s)
        except DBAPIError as error:
            if not _is_bad_data(error):
                raise
            log.exception("a report is refused by the database, dropped", task=task.name)

    async def _apply(self, tasks: Sequence[ReceivedTask], received_at_s: float) -> None:
        starts = _parse(tasks, REPORT_STARTED, StartedReport)
        outcomes = _parse(tasks, APPLY_OUTCOME, Outcome)
        ended = {(outcome.job_id, outcome.attempt) for outcome in outcomes}
        starts = [report for report in starts if (report.job_id, report.attempt) not in ended]
        entries, applied = await self._transactions.run(
            partial(_apply_reports, starts=starts, outcomes=outcomes, received_at_s=received_at_s)
        )
        count_reports(len(tasks), applied)
        await self._after_commit(entries, ended, applied.stale)

    async def _after_commit(
        self, entries: Sequence[StreamEntry], ended: set[tuple[int, int]], stale: int
    ) -> None:
        await self._events.publish(entries)
        try:
            if ended:
                await self._redis.delete(*(redis_keys.lease(*key) for key in ended))
            if stale:
                log.info("stale outcomes dropped", count=stale)
                await self._redis.hincrby(redis_keys.COUNTERS, "stale_outcomes", stale)
        except (RedisError, OSError) as error:
            log.warning("leases of ended attempts run out by themselves", error=str(error))

    async def _recover(self) -> None:
        count = await self._source.recover()
        if count:
            log.info("reports taken up again", count=count)


def _apply_reports(
    connection: Connection,
    *,
    starts: Sequence[StartedReport],
    outcomes: Sequence[Outcome],
    received_at_s: float,
) -> tuple[list[StreamEntry], AppliedOutcomes]:
    entries = apply_started(connection, starts) if starts else []
    if not outcomes:
        return entries, AppliedOutcomes()
    applied = apply_outcomes(connection, outcomes, received_at_s=received_at_s)
    return entries + applied.entries, applied


def _is_bad_data(error: DBAPIError) -> bool:
    # SQLSTATE class 22, data exceptions, and 23, integrity: the same message would fail again for ever.
    return str(getattr(error.orig, "sqlstate", None) or "")[:2] in {"22", "23"}


def _parse(tasks: Sequence[ReceivedTask], name: str, model: type[Report]) -> list[Report]:
    parsed = []
    for task in tasks:
        if task.name == name:
            try:
                parsed.append(model.model_validate(task.argument))
            except ValidationError as error:
                log.error("report not understood, dropped", task=name, error=str(error)[:500])  # noqa: TRY400
    return parsed
