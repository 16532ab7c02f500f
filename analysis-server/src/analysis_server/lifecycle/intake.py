"""Whether this worker takes jobs: admins drain workers, and resume them, while these run.

The operation server keeps whom they have drained, and says it in Redis again and again. While Redis has lost
that, what was heard last still counts: a worker must not begin a job because of an outage.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog
from pydantic import ValidationError
from redis import Redis

from analysis_server.lifecycle.slots import Slots
from satellite.contracts import redis_keys
from satellite.contracts.worker import DrainedWorkers

LOOK_EVERY_S: Final = 1.0

logger = structlog.get_logger(__name__)


class Intake:
    """Closes the slots of a drained worker, and opens them when it is resumed."""

    def __init__(self, redis: Redis, *, worker: str, slots: Slots, changed: Callable[[], None]) -> None:
        """Call `changed` after each change."""
        self._redis = redis
        self._worker = worker
        self._slots = slots
        self._changed = changed

    def look(self) -> None:
        """Follow what admins have said.

        Raises:
            RedisError: Redis does not answer.
        """
        text = self._redis.get(redis_keys.DRAINED_WORKERS)
        if text is None:
            return
        try:
            is_drained = self._worker in DrainedWorkers.model_validate_json(text).names
        except ValidationError as error:
            logger.warning("who is drained is not understood", error=str(error))
            return
        if is_drained == self._slots.is_closed:
            return
        if is_drained:
            self._slots.close()
        else:
            self._slots.open()
        logger.info("drained by an admin" if is_drained else "resumed by an admin")
        self._changed()
