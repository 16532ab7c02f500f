"""Finds what stops a round of dispatch, and remembers for a while to leave it alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from operation_server.database.connections import Connection
from operation_server.faults import is_outage
from operation_server.jobs.transitions import Aside, DispatchCapacity, DispatchedJob, VersionCatalog
from operation_server.jobs.transitions.dispatch import Placed, Queue, choose, look, mark
from operation_server.jobs.transitions.room import WaitingGroup

ASIDE_S: Final = 30.0
TRIES: Final = 3
"""After so many a job is failed."""
FORGET_AFTER_S: Final = 300.0
"""What was tried again and did not fail for so long went well, or went away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """A job, or a group of jobs where it is none of them alone."""

    plugin_id: int
    owner_id: int
    job_id: int | None = None


@dataclass(slots=True)
class _Tries:
    count: int = 0
    aside_until_s: float = 0.0


@dataclass(slots=True)
class PutAside:
    """What is left alone, how often it was tried, and until when."""

    for_s: float = ASIDE_S
    _known: dict[Culprit, _Tries] = field(default_factory=dict)

    def put(self, culprit: Culprit) -> int:
        """Leave something alone for a while; return how often it has failed by now."""
        tries = self._known.setdefault(culprit, _Tries())
        tries.count += 1
        tries.aside_until_s = time.monotonic() + self.for_s
        return tries.count

    def current(self) -> Aside:
        """Return what is left alone now."""
        now_s = time.monotonic()
        for culprit, tries in list(self._known.items()):
            if tries.aside_until_s + FORGET_AFTER_S < now_s:
                del self._known[culprit]
        aside = [culprit for culprit, tries in self._known.items() if tries.aside_until_s > now_s]
        return Aside(
            job_ids=[culprit.job_id for culprit in aside if culprit.job_id is not None],
            groups={(culprit.plugin_id, culprit.owner_id) for culprit in aside if culprit.job_id is None},
        )


def find_culprits(
    connection: Connection,
    *,
    capacity: DispatchCapacity,
    catalog: VersionCatalog,
    limit: int,
    aside: Aside,
    check: Callable[[DispatchedJob], object],
) -> Mapping[Culprit, Exception] | None:
    """Try each group alone, and of a group that fails each job; nothing of that remains.

    None while another transaction is in the middle of its round.

    Raises:
        Exception: there is an outage.
    """
    queue = look(connection, catalog=catalog, aside=aside)
    if queue is None:
        return None
    culprits: dict[Culprit, Exception] = {}
    for group in queue.groups:
        culprits |= _culprits_of(connection, queue, group, capacity=capacity, limit=limit, check=check)
    return culprits


def _culprits_of(
    connection: Connection,
    queue: Queue,
    group: WaitingGroup,
    *,
    capacity: DispatchCapacity,
    limit: int,
    check: Callable[[DispatchedJob], object],
) -> dict[Culprit, Exception]:
    chosen: list[Placed] = []

    def dispatch(placed: list[Placed]) -> None:
        for job in mark(connection, placed, queue.catalog):
            check(job)

    def dispatch_group() -> None:
        chosen.extend(choose(connection, queue, [group], queue.room(capacity), limit=limit))
        dispatch(chosen)

    fault = _fault_of(connection, dispatch_group)
    if fault is None:
        return {}
    faults = {each.job_id: _fault_of(connection, partial(dispatch, [each])) for each in chosen}
    of_jobs = {
        Culprit(plugin_id=group.plugin_id, owner_id=group.owner_id, job_id=job_id): each
        for job_id, each in faults.items()
        if each is not None
    }
    return of_jobs or {Culprit(plugin_id=group.plugin_id, owner_id=group.owner_id): fault}


def _fault_of(connection: Connection, work: Callable[[], None]) -> Exception | None:
    """Return what `work` raises, and undo whatever it does."""
    savepoint = connection.begin_nested()
    try:
        work()
    except Exception as error:
        if is_outage(error):
            raise
        return error
    finally:
        savepoint.rollback()
    return None
