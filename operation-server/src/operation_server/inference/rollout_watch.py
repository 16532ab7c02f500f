"""Judges the jobs of rollouts as they end, lets candidates shadow, and takes back what breaks its limits."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final

import orjson
import structlog

from operation_server.database.connections import AsyncConnection
from operation_server.database.engine import AsyncEngine
from operation_server.database.rows import AnyRow
from operation_server.faults import is_outage, reason_of
from operation_server.inference.shadow import begin_shadow
from operation_server.live.event_publisher import EventPublisher
from operation_server.metrics.recording import model_rolled_back
from operation_server.registry.rollouts import changes, repository
from operation_server.registry.rollouts.agreement import agree
from operation_server.registry.rollouts.arms import Arm, falls_into
from operation_server.registry.rollouts.schemas import RolloutSettings
from operation_server.registry.rollouts.verdicts import Verdict, breach, verdict_of
from satellite.contracts.event import StreamEntry

WATCH_EVERY_S: Final = 1.0
AT_ONCE: Final = 100

log = structlog.get_logger(__name__)
Tally = Counter[tuple[int, Arm, Verdict]]


class RolloutWatch:
    """Works while its process leads."""

    def __init__(self, engine: AsyncEngine, events: EventPublisher) -> None:
        self._engine = engine
        self._events = events

    async def run(self) -> None:
        """Look again and again; an outage only delays it."""
        while True:
            try:
                while await self.look() == AT_ONCE:
                    pass
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("rollouts are not watched", error=reason_of(error))
            await asyncio.sleep(WATCH_EVERY_S)

    async def look(self) -> int:
        """Judge jobs that have ended, act on what that says, and return how many they were."""
        async with self._engine.begin() as connection:
            ended = await repository.take_ended(connection, limit=AT_ONCE)
            if not ended:
                return 0
            tally: Tally = Counter()
            for job in ended:
                tally[job.rollout_id, Arm(job.arm), await _judge(connection, job)] += 1
            running = await repository.lock_running(connection, sorted({job.rollout_id for job in ended}))
            entries = await _shadow(connection, running, ended, tally)
            for (rollout_id, arm, verdict), jobs in tally.items():
                await repository.count(connection, rollout_id, arm, verdict, jobs)
            for rollout in running:
                await _take_back_if_worse(connection, rollout)
        await self._events.publish(entries)
        return len(ended)


async def _judge(connection: AsyncConnection, job: AnyRow) -> Verdict:
    verdict = verdict_of(job)
    if job.arm != Arm.SHADOW or verdict is not Verdict.COMPLETED:
        return verdict
    # One pair at a time: a result may have a megabyte.
    results = await repository.find_results(connection, [job.job_id, job.shadow_of])
    wanted, given = results.get(job.shadow_of), results.get(job.job_id)
    if wanted is None or given is None:
        return Verdict.UNJUDGED
    is_same = agree(orjson.loads(wanted), orjson.loads(given), tolerance=job.tolerance)
    return Verdict.AGREED if is_same else Verdict.DIFFERED


async def _shadow(
    connection: AsyncConnection, running: Sequence[AnyRow], ended: Sequence[AnyRow], tally: Tally
) -> list[StreamEntry]:
    """Begin the shadows of what the stable version has answered, and return what to publish of them."""
    rollouts = {rollout.id: rollout for rollout in running}
    entries: list[StreamEntry] = []
    for job in ended:
        rollout = rollouts.get(job.rollout_id)
        if rollout is None or job.arm != Arm.STABLE or verdict_of(job) is not Verdict.COMPLETED:
            continue
        percent = rollout.settings["shadow_percent"]
        if not falls_into(rollout.id, f"shadow of {job.job_id}", percent=percent):
            continue
        told = await begin_shadow(connection, rollout, job.job_id)
        entries += told
        if not told:
            tally[rollout.id, Arm.SHADOW, Verdict.SKIPPED] += 1
    return entries


async def _take_back_if_worse(connection: AsyncConnection, rollout: AnyRow) -> None:
    counts = await repository.counts_of(connection, rollout.id)
    reason = breach(counts, RolloutSettings(**rollout.settings))
    if reason is None:
        return
    await changes.roll_back(connection, rollout, reason)
    model_rolled_back(rollout.model_name)
    log.warning(
        "a version of a model is taken back",
        model=f"{rollout.model_name}@{rollout.candidate}",
        alias=rollout.alias,
        **reason,
    )
