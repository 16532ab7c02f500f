"""How much the live workers can take."""

from __future__ import annotations

import time

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from operation_server.jobs.transitions import DispatchCapacity
from operation_server.settings import DispatchSettings
from operation_server.workers.heartbeats import read_heartbeats
from satellite.contracts.task_names import EXECUTE_GPU_QUEUE
from satellite.contracts.worker import WorkerHeartbeat

FRESH_FOR_S = 0.5

log = structlog.get_logger(__name__)


class CapacityReader:
    """Reads the heartbeats, at most every half second."""

    def __init__(self, redis: Redis, settings: DispatchSettings) -> None:
        self._redis = redis
        self._settings = settings
        self._known = DispatchCapacity(depth=0)
        self._read_at_s = -FRESH_FOR_S

    async def read(self) -> DispatchCapacity:
        """Return the capacity; none while no worker lives or Redis does not answer."""
        if time.monotonic() - self._read_at_s >= FRESH_FOR_S:
            try:
                self._known = self._of(await read_heartbeats(self._redis))
            except (RedisError, OSError) as error:
                log.warning("workers unknown, nothing is dispatched", error=str(error))
                self._known = DispatchCapacity(depth=0)
            self._read_at_s = time.monotonic()
        return self._known

    def _of(self, beats: list[WorkerHeartbeat]) -> DispatchCapacity:
        able = [beat for beat in beats if not beat.draining and beat.consumer_ok]
        with_gpu = [beat for beat in able if EXECUTE_GPU_QUEUE in beat.queues]
        return DispatchCapacity(
            depth=self._depth(able), gpu_depth=self._depth(with_gpu), workers=[beat.total for beat in able]
        )

    def _depth(self, beats: list[WorkerHeartbeat]) -> int:
        if not beats:
            return 0
        slots = sum(beat.slots for beat in beats)
        return int(slots * self._settings.slots_factor) + self._settings.spare_slots
