"""How much the live workers can take."""

from __future__ import annotations

import time

from redis.asyncio import Redis

from operation_server.jobs.transitions import DispatchCapacity
from operation_server.settings import DispatchSettings
from operation_server.workers.heartbeats import read_heartbeats

FRESH_FOR_S = 0.5


class CapacityReader:
    """Reads the heartbeats, at most every half second."""

    def __init__(self, redis: Redis, settings: DispatchSettings) -> None:
        self._redis = redis
        self._settings = settings
        self._known = DispatchCapacity()
        self._read_at_s = -FRESH_FOR_S

    async def read(self) -> DispatchCapacity:
        """Return the capacity; none while no worker lives.

        Raises:
            RedisError, OSError: Redis does not answer.
        """
        if time.monotonic() - self._read_at_s >= FRESH_FOR_S:
            self._known = DispatchCapacity.of(
                await read_heartbeats(self._redis),
                slots_factor=self._settings.slots_factor,
                spare_slots=self._settings.spare_slots,
            )
            self._read_at_s = time.monotonic()
        return self._known
