"""Raises signals about what is missing on the platform."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from redis.asyncio import Redis

from operation_server.database.connections import Connection
from operation_server.database.engine import AsyncEngine
from operation_server.faults import is_outage, reason_of
from operation_server.jobs.transitions import DispatchCapacity, Unplaceable, VersionCatalog, find_unplaceable
from operation_server.notifications.watching import repository
from operation_server.signals.repository import raise_signal
from operation_server.workers.heartbeats import read_heartbeats
from operation_server.workers.repository import list_drained
from satellite.contracts import redis_keys
from satellite.contracts.notification import NotificationKind
from satellite.contracts.worker import WorkerHeartbeat

LOOK_EVERY_S: Final = 5.0
LOST_AFTER_S: Final = 30.0
"""Twice as long as a heartbeat lives; after an outage of Redis workers have as much time to come back."""
UNPLACED_AFTER_S: Final = 60.0
QUIET_S: Final = 6 * 3_600.0

log = structlog.get_logger(__name__)


class PlatformWatch:
    """Looks at workers, at what waits for one that nobody is, and at reports that were rejected."""

    def __init__(self, engine: AsyncEngine, redis: Redis, *, lost_after_s: float = LOST_AFTER_S) -> None:
        """Know nothing of this moment; what was seen before is in the database."""
        self._engine = engine
        self._redis = redis
        self._lost_after_s = lost_after_s
        self._answers_since: float | None = None
        self._catalog = VersionCatalog()
        self._unplaced_since: dict[tuple[int, int, str], float] = {}

    async def run(self) -> None:
        """Look again and again; an outage only delays it."""
        while True:
            try:
                await self.look()
            except Exception as error:
                if not is_outage(error):
                    raise
                self._answers_since = None
                log.warning("the platform is not watched", error=reason_of(error))
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Look once, and raise signals about what nobody was told of.

        Raises:
            Exception: there is an outage.
        """
        beats = await read_heartbeats(self._redis)
        if self._answers_since is None:
            self._answers_since = time.monotonic()
        await self._look_at_workers(beats)
        await self._look_at_rejected()
        await self._look_at_waiting(beats)

    async def _look_at_workers(self, beats: Sequence[WorkerHeartbeat]) -> None:
        async with self._engine.begin() as connection:
            await repository.see(connection, {beat.name: beat.started_at for beat in beats})
            missing = await repository.list_missing(connection, after_s=self._lost_after_s)
            # Its machine may be serviced: whoever drained it knows.
            drained = await list_drained(connection)
        if time.monotonic() - (self._answers_since or 0) < self._lost_after_s:
            return
        left = [
            row.name for row in missing if row.name in drained or await self._has_left(row.name, row.position)
        ]
        async with self._engine.begin() as connection:
            await repository.forget(connection, left)
            for row in missing:
                if row.name not in left and await repository.lose(connection, row.name):
                    lost = partial(raise_signal, kind=NotificationKind.WORKER_LOST, about=row.name)
                    await connection.run_sync(partial(lost, worker=row.name, reason=_last_seen(row.seen_at)))

    async def _has_left(self, name: str, position: int) -> bool:
        """Tell whether a worker has left in order since it started."""
        told = await self._redis.get(redis_keys.worker_left(name))
        text = told.decode() if isinstance(told, bytes) else told
        return text is not None and repository.position_of(datetime.fromisoformat(text)) == position

    async def _look_at_rejected(self) -> None:
        async with self._engine.begin() as connection:
            rejected = await repository.count_rejected(connection)
            if rejected.reports:
                reason = (
                    f"{rejected.reports} reports of workers could not be applied: {rejected.reason[:500]}"
                )
                about = "reports of workers"
                await connection.run_sync(
                    partial(raise_signal, kind=NotificationKind.SYSTEM_ERROR, about=about, reason=reason)
                )

    async def _look_at_waiting(self, beats: Sequence[WorkerHeartbeat]) -> None:
        capacity = DispatchCapacity.of(beats, slots_factor=1, spare_slots=0)
        async with self._engine.begin() as connection:
            found = await connection.run_sync(
                partial(find_unplaceable, catalog=self._catalog, capacity=capacity)
            )
            now = time.monotonic()
            known, self._unplaced_since = self._unplaced_since, {}
            for group in found:
                key = (group.owner_id, group.version.plugin_id, group.requires_json)
                self._unplaced_since[key] = known.get(key, now)
                if now - self._unplaced_since[key] >= UNPLACED_AFTER_S:
                    await connection.run_sync(partial(_raise_unplaced, group))


def _raise_unplaced(group: Unplaceable, connection: Connection) -> None:
    raise_signal(
        connection,
        NotificationKind.RESOURCES_EXHAUSTED,
        f"plugin {group.version.name} of account {group.owner_id}",
        owner_ids=[group.owner_id],
        quiet_s=QUIET_S,
        plugin_name=group.version.name,
        reason="No live worker can run its jobs; GET /api/v1/jobs/{id}/explain says of each why.",
    )


def _last_seen(moment: datetime) -> str:
    return f"It was last seen at {moment.isoformat(timespec='seconds')}."
