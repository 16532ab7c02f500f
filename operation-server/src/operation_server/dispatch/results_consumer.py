"""The results consumer: what workers report becomes transitions, a batch in one transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from operation_server.database.connections import Connection
from operation_server.dispatch.leadership import Leadership, LeadershipLost
from operation_server.dispatch.outcome_metrics import count_reports
from operation_server.dispatch.pace import Pace
from operation_server.dispatch.rejecting import set_aside
from operation_server.dispatch.reports import Report, UnusableReport, read, rejected
from operation_server.dispatch.results_source import ResultsSource
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.faults import is_outage, reason_of
from operation_server.health.sign_of_life import SignOfLife
from operation_server.jobs.transitions import (
    AppliedOutcomes,
    LossBudget,
    apply_outcomes,
    apply_started,
    note_handles,
)
from operation_server.live.event_publisher import EventPublisher
from operation_server.metrics.recording import loop_rested, report_rejected
from satellite.contracts import redis_keys
from satellite.contracts.event import StreamEntry
from satellite.contracts.job import StartedReport
from satellite.contracts.outcome import Outcome
from satellite.tracing.spans import ending_all, span

BATCH = 100
AFTER_FAILURE_S = 0.5
TRANSACTION_TIMEOUT_S = 60.0
TRIES_ALONE = 3
TRY_AGAIN_S = 0.1

Result = TypeVar("Result")

log = structlog.get_logger(__name__)


class ResultsConsumer:
    """Applies reports while this process leads."""

    def __init__(
        self,
        *,
        transactions: TransactionThread,
        redis: Redis,
        source: ResultsSource,
        events: EventPublisher,
        losses: LossBudget,
        life: SignOfLife,
    ) -> None:
        self._life = life
        self._transactions = transactions
        self._redis = redis
        self._source = source
        self._events = events
        self._losses = losses

    async def run(self, leadership: Leadership) -> None:
        """Apply what comes.

        Raises:
            LeadershipLost: another one may apply it now.
        """
        try:
            await self._consume(leadership)
        finally:
            await self._source.release()
        raise LeadershipLost

    async def _consume(self, leadership: Leadership) -> None:
        must_recover = True
        pace = Pace()
        while leadership.holds:
            try:
                if must_recover:
                    await self._recover()
                raw = await self._source.take(BATCH)
                self._life.works()
                # In a quiet moment also what somebody has taken who was believed to be dead.
                must_recover = not raw
                if raw:
                    received_at_s = time.monotonic()
                    await self.apply(raw, received_at_s=received_at_s)
                    await self._source.done()
                    rest_s = pace.rest_s(len(raw), took_s=time.monotonic() - received_at_s)
                    if len(raw) < BATCH:  # A full batch has left others behind.
                        loop_rested("results", rest_s)
                        await asyncio.sleep(rest_s)
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("reports wait", error=reason_of(error))
                self._life.waits(reason_of(error))
                must_recover = True
                await asyncio.sleep(AFTER_FAILURE_S)

    async def apply(self, raw: Sequence[bytes], *, received_at_s: float) -> None:
        """Apply messages in one transaction; one that cannot be applied is set aside, the others are not.

        Safe to repeat.

        Raises:
            Exception: there is an outage; what was not applied will be, when it is tried again.
        """
        reports: list[Report] = []
        for one in raw:
            try:
                reports.append(read(one))
            except Exception as error:  # noqa: BLE001 - whatever it is, the same bytes would raise it again
                await self._set_aside(rejected(one, error))
        try:
            await self._apply(reports, received_at_s)
        except Exception as error:
            if is_outage(error):
                raise
            log.warning("a batch of reports is applied one by one", reports=len(reports), error=repr(error))
            await self._apply_alone(reports, received_at_s)

    async def _apply_alone(self, reports: Sequence[Report], received_at_s: float) -> None:
        for _ in range(TRIES_ALONE):
            faults = [(report, await self._try(report, received_at_s)) for report in reports]
            refused = [(report, fault) for report, fault in faults if fault is not None]
            if not refused:
                return
            reports = [report for report, _ in refused]
            await asyncio.sleep(TRY_AGAIN_S)
        for report, fault in refused:
            await self._set_aside(rejected(report.raw, fault))

    async def _try(self, report: Report, received_at_s: float) -> Exception | None:
        """Apply one report, and return why that is impossible."""
        try:
            await self._apply([report], received_at_s)
        except Exception as error:
            if is_outage(error):
                raise
            return error
        return None

    async def _set_aside(self, report: UnusableReport) -> None:
        told = {"task": report.task, "attempt": report.attempt}
        log.error("a report cannot be applied and is set aside", **told, exc_info=report.error)
        try:
            kept, entries = await self._transact(partial(set_aside, report=report))
        except Exception as error:
            if is_outage(error):
                raise
            log.critical("a report cannot even be kept, dropped", **told, exc_info=True)
            return
        if kept:
            report_rejected()
        await self._events.publish(entries)

    async def _apply(self, reports: Sequence[Report], received_at_s: float) -> None:
        outcomes = [report.content for report in reports if isinstance(report.content, Outcome)]
        starts = [report.content for report in reports if isinstance(report.content, StartedReport)]
        ended = {outcome.key for outcome in outcomes}
        starts = [report for report in starts if report.key not in ended]
        traced = [each for each in outcomes if each.traceparent is not None]
        applying = [span("transition", each.traceparent, status=each.status) for each in traced]
        with ending_all(applying):
            entries, applied = await self._transact(
                partial(
                    _apply_reports,
                    starts=starts,
                    outcomes=outcomes,
                    losses=self._losses,
                    received_at_s=received_at_s,
                )
            )
            fresh = set(applied.applied)
            for outcome, each in zip(traced, applying, strict=True):
                each.note(applied=outcome.key in fresh)
        count_reports(len(reports), applied)
        with ending_all([span("tell", each.traceparent) for each in applying]):
            await self._after_commit(entries, applied)

    async def _transact(self, work: Callable[[Connection], Result]) -> Result:
        async with asyncio.timeout(TRANSACTION_TIMEOUT_S):
            return await self._transactions.run(work)

    async def _after_commit(self, entries: Sequence[StreamEntry], applied: AppliedOutcomes) -> None:
        await self._events.publish(entries)
        try:
            if applied.applied:
                # Not of stale ones: an adopter may hold the lease of the same attempt.
                await self._redis.delete(*map(redis_keys.lease, applied.applied))
            if applied.stale:
                log.info("stale outcomes dropped", count=applied.stale)
                await self._redis.hincrby(redis_keys.COUNTERS, "stale_outcomes", applied.stale)
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
    losses: LossBudget,
    received_at_s: float,
) -> tuple[list[StreamEntry], AppliedOutcomes]:
    entries = apply_started(connection, starts) if starts else []
    if handles := [report for report in starts if report.handle is not None]:
        entries += note_handles(connection, handles)
    if not outcomes:
        return entries, AppliedOutcomes()
    applied = apply_outcomes(connection, outcomes, losses=losses, received_at_s=received_at_s)
    return entries + applied.entries, applied
