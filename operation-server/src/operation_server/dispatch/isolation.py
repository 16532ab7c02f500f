"""Keeps one bad job or plugin version from stopping the dispatch of all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import structlog
from redis import Redis

from operation_server.database.connections import Connection
from operation_server.database.storable_text import storable_text
from operation_server.dispatch.culprits import TRIES, Culprit, PutAside, find_culprits
from operation_server.dispatch.transaction_thread import TransactionThread
from operation_server.faults import is_outage, reason_of
from operation_server.jobs import put_aside as notes
from operation_server.jobs.transitions import (
    Aside,
    DispatchCapacity,
    DispatchedJob,
    VersionCatalog,
    fail_waiting,
)
from operation_server.metrics import recording
from satellite.contracts.outcome import ErrorKind, JobError

log = structlog.get_logger(__name__)


class Isolation:
    """Puts aside what makes a round fail."""

    def __init__(
        self,
        *,
        transactions: TransactionThread,
        redis: Redis,
        catalog: VersionCatalog,
        check: Callable[[DispatchedJob], object],
    ) -> None:
        """Put nothing aside yet; `check` fails for a job that cannot be published."""
        self._check = check
        self._transactions = transactions
        self._redis = redis
        self._catalog = catalog
        self._put_aside = PutAside()
        self._told_versions: set[int] = set()

    def aside(self) -> Aside:
        """Return what a round leaves alone."""
        return self._put_aside.current()

    async def put_culprits_aside(self, error: Exception, *, capacity: DispatchCapacity, limit: int) -> None:
        """Leave alone what made a round fail with `error`; a job that does so again and again is failed.

        Raises:
            Exception: there is an outage; or `error` itself, because no job is to blame.
        """
        search = partial(
            find_culprits,
            capacity=capacity,
            catalog=self._catalog,
            limit=limit,
            aside=self.aside(),
            check=self._check,
        )
        culprits = await self._transactions.run(search)
        if culprits is None:
            return
        if not culprits:
            raise error
        for culprit, fault in culprits.items():
            await self._put(culprit, fault)
        await self._transactions.run(partial(self._note, culprits=culprits))

    async def _put(self, culprit: Culprit, fault: Exception) -> None:
        tries = self._put_aside.put(culprit)
        recording.put_aside("group" if culprit.job_id is None else "job")
        if tries == 1:
            log.error("cannot be dispatched, left alone for a while", culprit=culprit, exc_info=fault)
        if tries >= TRIES and culprit.job_id is not None:
            await self._fail(culprit.job_id, fault)

    async def _fail(self, job_id: int, fault: Exception) -> None:
        message = f"The job cannot be dispatched: {reason_of(fault)}."
        error = JobError(kind=ErrorKind.INTERNAL, message=storable_text(message))
        try:
            # The reconciler publishes the events.
            await self._transactions.run(partial(fail_waiting, job_ids=[job_id], error=error))
        except Exception as refusal:
            if is_outage(refusal):
                raise
            log.exception("a job that cannot be dispatched cannot be failed either", job_id=job_id)

    def _note(self, _: Connection, *, culprits: Mapping[Culprit, Exception]) -> None:
        notes.note_put_aside(self._redis, {_what(one): reason_of(fault) for one, fault in culprits.items()})

    def tell_unreadable_versions(self) -> None:
        """Tell, once of each, of the plugin versions whose jobs wait because it cannot be read."""
        for plugin_id in self._catalog.faults.keys() - self._told_versions:
            self._told_versions.add(plugin_id)
            recording.put_aside("plugin_version")
            fault = self._catalog.faults[plugin_id]
            log.error("a plugin version cannot be read, its jobs wait", plugin_id=plugin_id, exc_info=fault)


def _what(culprit: Culprit) -> str:
    if culprit.job_id is not None:
        return notes.job(culprit.job_id)
    return notes.group(culprit.plugin_id, culprit.owner_id)
