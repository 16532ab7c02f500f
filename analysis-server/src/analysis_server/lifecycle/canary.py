"""Proof that this worker still consumes: a task that it sends to itself through the broker.

A process that lives, holds its connections and yet receives nothing is the failure that process checks miss.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from satellite.contracts.task_names import CANARY, canary_queue

SEND_EVERY_S = 5.0
DEAF_AFTER_S = 20.0

logger = structlog.get_logger(__name__)


class Canary:
    """Sends canaries and counts how long none has come back.

    While all slots are taken the consumer rightly fetches nothing, and while the broker is away nothing
    can come back: neither time counts.
    """

    def __init__(
        self,
        app: Celery,
        *,
        worker: str,
        is_saturated: Callable[[], bool],
        deaf: Callable[[float], None],
        deaf_after_s: float = DEAF_AFTER_S,
    ) -> None:
        """Call `deaf` with the seconds of silence, once there were too many."""
        self._app = app
        self._worker = worker
        self._is_saturated = is_saturated
        self._deaf = deaf
        self._deaf_after_s = deaf_after_s
        self._heard_at_s = time.monotonic()

    @property
    def is_well(self) -> bool:
        """Tell whether canaries come back."""
        return time.monotonic() - self._heard_at_s < self._deaf_after_s / 2

    def returned(self, token: str) -> None:
        """Take a canary that came back."""
        del token
        self._heard_at_s = time.monotonic()

    def check(self) -> None:
        """Send the next canary, and raise the alarm when the last ones stayed away."""
        if self._is_saturated():
            self._heard_at_s = time.monotonic()
            return
        silence_s = time.monotonic() - self._heard_at_s
        if silence_s > self._deaf_after_s:
            self._deaf(silence_s)
            return
        token = uuid.uuid4().hex
        try:
            self._app.send_task(
                CANARY,
                args=[self._worker, token],
                queue=canary_queue(self._worker),
                expires=2 * self._deaf_after_s,
                retry=False,
            )
        except (OperationalError, RedisError, OSError) as error:
            logger.warning("canary not sent", error=str(error))
            self._heard_at_s = time.monotonic()
