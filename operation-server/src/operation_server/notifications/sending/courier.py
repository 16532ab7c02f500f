"""Sends messages on and on, many at once, each receiver in a lane of its own."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Final

import structlog

from operation_server.database.engine import AsyncEngine
from operation_server.database.storable_text import storable_text
from operation_server.faults import is_outage, reason_of
from operation_server.metrics.recording import notification_lag, notification_sent
from operation_server.notifications.sending import repository
from operation_server.notifications.sending.backoff import delay_s
from operation_server.notifications.sending.circuit import Lanes
from operation_server.notifications.sending.message import Claimed
from operation_server.notifications.sending.outcome import SAID_MAX, Fate, Outcome, failed
from operation_server.notifications.sending.senders import Senders
from operation_server.settings import NotificationSettings
from satellite.contracts.notification import ChannelKind, DeliveryStatus

LANE_AT_ONCE: Final = 4
POLL_S: Final = 0.5
AFTER_FAILURE_S: Final = 1.0
SETTLE_TRIES: Final = 20
GONE: Final = "The receiver answered 410: it wants no further messages."

log = structlog.get_logger(__name__)


class Courier:
    """Claims what is due, sends it, and stores what came of it.

    A claim ends by itself, so that what a dead process had begun is sent again, under the same id.
    """

    def __init__(self, engine: AsyncEngine, senders: Senders, settings: NotificationSettings) -> None:
        self._engine = engine
        self._senders = senders
        self._settings = settings
        self._lanes = Lanes(at_once=LANE_AT_ONCE)
        self._sending: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Look at once: there is something new."""
        self._changed.set()

    async def run(self) -> None:
        """Send whenever there is something; an outage only delays it."""
        try:
            while True:
                try:
                    while await self.send_due():
                        pass
                    await self._rest(POLL_S)
                except Exception as error:
                    if not is_outage(error):
                        raise
                    log.warning("no notifications claimed", error=reason_of(error))
                    await asyncio.sleep(AFTER_FAILURE_S)
        finally:
            for task in self._sending:
                task.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)

    async def send_due(self) -> int:
        """Begin to send what is due, and return how many messages there are of that.

        Raises:
            Exception: there is an outage; what was claimed is claimed again later.
        """
        room = self._settings.at_once - len(self._sending)
        if room <= 0:
            await self._rest(POLL_S)
            return 0
        async with self._engine.begin() as connection:
            rows = await repository.claim(
                connection,
                taken=self._lanes.taken(),
                lane_at_once=LANE_AT_ONCE,
                limit=room,
                lease_s=self._settings.lease_s,
            )
        for row in rows:
            if row.attempts == 1:
                notification_lag(float(row.age_s))
            fields = {name: getattr(row, name) for name in Claimed.__dataclass_fields__}
            claimed = Claimed(**{**fields, "channel_kind": ChannelKind(row.channel_kind)})
            self._lanes.begin(claimed.lane)
            task = asyncio.create_task(self._deliver(claimed))
            self._sending.add(task)
            task.add_done_callback(self._ended)
        return len(rows)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._changed.set()

    async def _rest(self, seconds: float) -> None:
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    async def _deliver(self, claimed: Claimed) -> None:
        is_well = True
        try:
            outcome = await self._send(claimed)
            is_well = outcome is None or outcome.fate is not Fate.RETRY
            if outcome is not None:
                await self._settle(claimed, outcome)
        except Exception as error:
            # It is claimed again once the claim has ended.
            if not is_outage(error):
                log.exception("a notification is left for a while", delivery_id=claimed.id)
            else:
                log.warning(
                    "a notification is left for a while", delivery_id=claimed.id, error=reason_of(error)
                )
        finally:
            self._lanes.end(claimed.lane, is_well=is_well)

    async def _send(self, claimed: Claimed) -> Outcome | None:
        """Return what came of it, None if nobody was sent anything because the database is away."""
        try:
            return await self._senders.send(claimed)
        except Exception as error:
            if is_outage(error):
                with contextlib.suppress(Exception):
                    async with self._engine.begin() as connection:
                        await repository.give_back(connection, claimed.id, claimed.claim)
                return None
            log.exception("a notification cannot be sent", delivery_id=claimed.id)
            return failed(reason_of(error), fate=Fate.REFUSED)

    async def _settle(self, claimed: Claimed, outcome: Outcome) -> None:
        """Store what came of it: as long as the database is away and the claim holds, again and again."""
        for _ in range(SETTLE_TRIES):
            try:
                status = await self._store(claimed, outcome)
            except Exception as error:
                if not is_outage(error):
                    raise
                await asyncio.sleep(self._settings.lease_s / SETTLE_TRIES)
            else:
                if status is not None:
                    notification_sent(claimed.channel_kind, _counted_as(status, outcome))
                return

    async def _store(self, claimed: Claimed, outcome: Outcome) -> str | None:
        wait_s = delay_s(claimed.attempts, asked_s=outcome.again_after_s)
        async with self._engine.begin() as connection:
            status = await repository.settle(
                connection,
                claimed.id,
                claimed.claim,
                is_delivered=outcome.fate is Fate.DELIVERED,
                is_retried=outcome.fate is Fate.RETRY,
                delay_s=wait_s,
                answer={
                    "at": datetime.now(UTC),
                    "attempt": claimed.attempts,
                    "fate": outcome.fate,
                    "status": outcome.status,
                    "ms": outcome.ms,
                    "said": storable_text(outcome.said)[:SAID_MAX],
                },
            )
            if outcome.fate is Fate.GONE:
                await repository.end_lane(
                    connection,
                    lane=claimed.lane,
                    channel_id=claimed.channel_id,
                    subject_id=claimed.subject_id,
                    fault=GONE,
                )
        return status


def _counted_as(status: str, outcome: Outcome) -> str:
    return outcome.fate.value if status == DeliveryStatus.PENDING else status
