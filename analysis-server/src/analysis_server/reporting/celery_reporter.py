"""Reports through the Celery broker: one thread publishes, in batches, and spools what the broker refuses."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from celery import Celery
from kombu.exceptions import KombuError
from kombu.exceptions import OperationalError as BrokerError
from kombu.transport import pyamqp
from redis.exceptions import RedisError

from analysis_server.loop_thread import LoopThread
from analysis_server.reporting.callback_message import CallbackMessage, outcome_message, started_message
from analysis_server.reporting.leases import LeaseKeeper
from analysis_server.reporting.spool import Spool
from satellite.contracts.identity import AttemptKey
from satellite.contracts.job import StartedReport
from satellite.contracts.outcome import Outcome
from satellite.messaging.link import MessageLink, open_link
from satellite.tracing.spans import NO_SPAN, Span, span

STARTED_DELAY_S = 0.02
"""Most warm attempts end within this, and then their start need not be told."""
SEND_AGAIN_S = 1.0
BATCH_MAX = 100
BROKER_FAULTS = (
    BrokerError,
    KombuError,
    RedisError,
    OSError,
    *pyamqp.Transport.connection_errors,
    *pyamqp.Transport.channel_errors,
)

logger = structlog.get_logger(__name__)


class CeleryReporter:
    """A `Reporter`. An attempt is held (its lease renewed) until its outcome is with the broker."""

    def __init__(
        self, app: Celery, *, leases: LeaseKeeper, spool: Spool, released: Callable[[AttemptKey], None]
    ) -> None:
        """Start the thread; outcomes an earlier process has spooled are sent first."""
        self._app = app
        self._leases = leases
        self._spool = spool
        self._released = released
        self._wake = threading.Condition()
        self._outcomes: dict[AttemptKey, CallbackMessage] = {}
        self._refused: set[AttemptKey] = set()
        self._reporting: dict[AttemptKey, Span] = {}
        self._starts: dict[AttemptKey, tuple[float, StartedReport]] = {}
        self._spooled: set[AttemptKey] = set(spool.keys())
        self._send_after_s = 0.0
        self._closing = False
        self._link: MessageLink | None = None
        # Whatever happens it must go on: nothing else can send what attempts ended with.
        self._thread = LoopThread("reporter", self._run)
        self._thread.start()

    def started(self, report: StartedReport) -> None:
        """Report soon that an attempt was claimed, or has a handle; dropped if its outcome comes first."""
        with self._wake:
            self._starts[report.key] = (time.monotonic() + STARTED_DELAY_S, report)
            self._wake.notify()

    def finished(self, outcome: Outcome, *, callbacks: list[dict[str, Any]]) -> None:
        """Report an outcome: to the broker, or to the disk until the broker takes it."""
        key = outcome.key
        reporting = span("report", outcome.traceparent, status=outcome.status)
        if reporting.traceparent is not None:
            outcome = outcome.model_copy(update={"traceparent": reporting.traceparent})
            self._reporting[key] = reporting
        message = outcome_message(outcome, callbacks=callbacks)
        with self._wake:
            self._outcomes[key] = message
            self._starts.pop(key, None)
            self._wake.notify()

    def close(self, timeout_s: float) -> bool:
        """Send or spool what is left; False when that took longer than `timeout_s`."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._wake:
                # Not `wait_for`: each notification may bring the next due time closer.
                while not self._is_due():
                    self._wake.wait(self._time_to_next_s())
                outcomes, starts = self._take()
                if self._closing and not outcomes and not starts:
                    break
            try:
                self._report(outcomes, starts)
                self._send_spooled()
            except Exception:
                # Whatever it was, this thread must live on: without it leases would be renewed for ever.
                logger.exception("reports failed, trying again one by one", count=len(outcomes))
                self._take_back(outcomes)
            else:
                self._refused -= outcomes.keys()
        self._send_spooled()

    def _take_back(self, outcomes: dict[AttemptKey, CallbackMessage]) -> None:
        time.sleep(SEND_AGAIN_S)
        with self._wake:
            self._outcomes |= outcomes
            self._refused |= outcomes.keys()

    def _is_due(self) -> bool:
        now = time.monotonic()
        spool_is_due = bool(self._spooled) and self._send_after_s <= now
        starts_are_due = any(due <= now for due, _ in self._starts.values())
        return self._closing or bool(self._outcomes) or starts_are_due or spool_is_due

    def _time_to_next_s(self) -> float | None:
        due = [due for due, _ in self._starts.values()]
        if self._spooled:
            due.append(self._send_after_s)
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _take(self) -> tuple[dict[AttemptKey, CallbackMessage], dict[AttemptKey, StartedReport]]:
        now = time.monotonic()
        # What failed together is tried alone, and after the others, so that one cannot hold them up.
        fresh = [key for key in self._outcomes if key not in self._refused]
        keys = fresh[:BATCH_MAX] or list(self._outcomes)[:1]
        outcomes = {key: self._outcomes.pop(key) for key in keys}
        due = [key for key, (at, _) in self._starts.items() if at <= now or self._closing]
        return outcomes, {key: self._starts.pop(key)[1] for key in due}

    def _report(
        self, outcomes: dict[AttemptKey, CallbackMessage], starts: dict[AttemptKey, StartedReport]
    ) -> None:
        messages = [*map(started_message, starts.values()), *outcomes.values()]
        if not messages:
            return
        if self._publish(messages):
            self._hand_over(list(outcomes))
            return
        for key, message in outcomes.items():
            self._keep(key, message)
        again_at_s = time.monotonic() + SEND_AGAIN_S
        with self._wake:
            self._starts = {key: (again_at_s, report) for key, report in starts.items()} | self._starts

    def _keep(self, key: AttemptKey, message: CallbackMessage) -> None:
        if self._spool.put(key, message):
            self._spooled.add(key)
            return
        # Neither broker nor disk: memory is left, and the lease is renewed as long as this process lives.
        time.sleep(SEND_AGAIN_S / 10)
        with self._wake:
            self._outcomes.setdefault(key, message)

    def _send_spooled(self) -> None:
        if not self._spooled or (time.monotonic() < self._send_after_s and not self._closing):
            return
        self._send_after_s = time.monotonic() + SEND_AGAIN_S
        for key in sorted(self._spooled)[:BATCH_MAX]:
            message = self._spool.get(key)
            if message is not None:
                if not self._publish([message]):
                    return
                self._hand_over([key])
            self._spool.remove(key)
            self._spooled.discard(key)
            logger.info("spooled outcome sent", attempt=key)

    def _hand_over(self, keys: Sequence[AttemptKey]) -> None:
        for key in keys:
            self._released(key)
            self._reporting.pop(key, NO_SPAN).end()
        try:
            self._leases.hand_over(keys)
        except (RedisError, OSError) as error:
            logger.warning("leases not kept for outcomes under way", error=str(error))

    def _publish(self, messages: Sequence[CallbackMessage]) -> bool:
        try:
            with self._connected_link().sending(BATCH_MAX) as send:
                for message in messages:
                    send(
                        message.body,
                        routing_key=message.queue,
                        headers=message.headers,
                        correlation_id=message.id,
                    )
        except BROKER_FAULTS as error:
            logger.warning("broker does not take reports", count=len(messages), error=str(error))
            self._disconnect()
            return False
        return True

    def _connected_link(self) -> MessageLink:
        if self._link is None:
            connection = self._app.connection_for_write()
            connection.ensure_connection(max_retries=0, timeout=3)
            self._link = open_link(connection)
        return self._link

    def _disconnect(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            with contextlib.suppress(*BROKER_FAULTS):
                link.close()
