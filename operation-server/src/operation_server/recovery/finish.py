"""Finishes a recovery: what was told and numbered since is let go, then everybody may work again."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass
from typing import Final

from operation_server.database.connections import AsyncConnection
from operation_server.dispatch.drain import drain_reports, purge_attempts
from operation_server.dispatch.locks import LEADERS_LOCKS
from operation_server.dispatch.parts import Parts
from operation_server.incarnations import repository as incarnations
from operation_server.jobs.transitions import Settled, settle_unfinished
from operation_server.recovery import leftovers, repository
from operation_server.recovery.errors import StillWorkedOn
from operation_server.settings import DispatchSettings
from operation_server.trail.actions import Action
from operation_server.trail.recording import record

LOCKED_WITHIN_S: Final = 15.0
"""A process that may not work has a lock only for the moment in which it finds that out."""
TRY_AGAIN_S: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a recovery came to."""

    incarnation: int
    reports: int
    """Reports of workers that waited: those about attempts of the database count, the others do not."""
    settled: Settled
    stopped: int
    """Attempts of before that workers still held."""


async def finish_recovery(owner: AsyncConnection, parts: Parts, settings: DispatchSettings) -> Finished:
    """Begin another incarnation of the database, and settle what was under way; safe to repeat.

    `owner` is a session of the role that owns the tables; until it is closed nobody leads.

    Raises:
        StillWorkedOn: a leader works on the database.
        Exception: there is an outage.
    """
    await lock_out_leaders(owner)
    number = await _begin(owner)
    await purge_attempts(parts)
    # Before attempts get other numbers: work that was done since for jobs that there are is not repeated.
    reports = await drain_reports(parts, settings)
    settled = await _settle(owner)
    stopped = await leftovers.forget_attempts(parts.redis)
    async with owner.begin():
        await owner.run_sync(incarnations.finish)
        await record(owner, None, Action.FINISH_RECOVERY, number, reports=reports, **asdict(settled))
    return Finished(incarnation=number, reports=reports, settled=settled, stopped=stopped)


async def lock_out_leaders(owner: AsyncConnection) -> None:
    """Take the locks of all leaders for as long as the session lives.

    Raises:
        StillWorkedOn: one of them does not let go.
    """
    deadline = time.monotonic() + LOCKED_WITHIN_S
    for lock_id in LEADERS_LOCKS:
        while not await owner.run_sync(repository.try_lock, lock_id):
            if time.monotonic() > deadline:
                raise StillWorkedOn
            await asyncio.sleep(TRY_AGAIN_S)
    await owner.commit()


async def _begin(owner: AsyncConnection) -> int:
    """Return the number of the incarnation, which is begun unless it was before a failure."""
    async with owner.begin():
        state = await incarnations.find_state(owner)
        if not state.is_finished and state.location == state.recorded_location:
            return int(state.number)
        await owner.run_sync(incarnations.begin)
        # Before any event of this incarnation is written.
        left_out_until = await owner.run_sync(repository.leave_numbers_out)
        await owner.run_sync(incarnations.note_first_event, left_out_until)
        return int(state.number) + 1


async def _settle(owner: AsyncConnection) -> Settled:
    async with owner.begin():
        await owner.run_sync(repository.be_patient)
        await owner.run_sync(repository.end_logins)
        return await owner.run_sync(settle_unfinished)
