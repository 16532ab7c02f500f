"""Hears which jobs shall stop: at once by a message, surely by the cancel key in Redis."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

import structlog
from pydantic import ValidationError
from redis import Redis
from redis.exceptions import RedisError

from analysis_server.execution.admission.port import Admission
from analysis_server.execution.executor import PluginExecutor
from analysis_server.execution.running import RunningAttempts, Stop
from analysis_server.loop_thread import LoopThread
from satellite.contracts import redis_keys
from satellite.contracts.identity import JobKey
from satellite.contracts.job import ControlAction, ControlMessage

LISTEN_TIMEOUT_S = 2.0
RECONNECT_S = 1.0

logger = structlog.get_logger(__name__)


class CancellationListener:
    """Stops the attempts of cancelled jobs."""

    def __init__(
        self,
        *,
        redis_url: str,
        running: RunningAttempts,
        admission: Admission,
        executor: PluginExecutor,
        unforeseen: Callable[[], None] | None = None,
    ) -> None:
        """Listen on a connection of its own, from `start` on; `unforeseen` is for `LoopThread`."""
        self._redis = Redis.from_url(redis_url, socket_connect_timeout=2, socket_timeout=5)
        self._running = running
        self._admission = admission
        self._executor = executor
        self._closed = threading.Event()
        self._thread = LoopThread("cancellations", self._listen, unforeseen=unforeseen)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._closed.set()
        self._thread.join(timeout=LISTEN_TIMEOUT_S + 1)
        self._redis.close()

    def stop_attempts(self, stop: Stop, *, job: JobKey | None = None) -> None:
        """End the attempts of a job, or all; asking twice does no harm."""
        for key in self._running.mark_stopped(stop, job=job):
            logger.info("attempt is stopped", job_id=key.job_id, attempt=key.attempt, reason=stop)
            self._executor.cancel(key)
        self._admission.wake()

    def check_keys(self, redis: Redis) -> None:
        """Stop the jobs that have a cancel key, for the case that a message was missed.

        What was to end and still runs is asked again: an executor that was started anew has heard of nothing.

        Raises:
            RedisError: Redis does not answer.
        """
        asked_before = self._running.stopping()
        jobs = sorted({key.job for key in self._running.in_slots()})
        if not jobs:
            return
        values = redis.mget([redis_keys.cancel(job) for job in jobs])
        for job, value in zip(jobs, values, strict=True):
            if value is not None:
                self.stop_attempts(Stop.CANCELLED, job=job)
        for key in asked_before:
            self._executor.cancel(key)

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                self._listen_once()
            except (RedisError, OSError):
                self._closed.wait(RECONNECT_S)

    def _listen_once(self) -> None:
        with contextlib.closing(self._redis.pubsub(ignore_subscribe_messages=True)) as channel:  # type: ignore[no-untyped-call]
            channel.subscribe(redis_keys.CONTROL_CHANNEL)
            # What was published while nobody listened is in the keys.
            self.check_keys(self._redis)
            while not self._closed.is_set():
                told = channel.get_message(timeout=LISTEN_TIMEOUT_S)
                if told is not None:
                    self._hear(told["data"])

    def _hear(self, data: bytes) -> None:
        try:
            message = ControlMessage.model_validate_json(data)
        except ValidationError as error:
            logger.warning("control message not understood", error=str(error))
            return
        if message.action is ControlAction.CANCEL:
            self.stop_attempts(Stop.CANCELLED, job=message.job)
