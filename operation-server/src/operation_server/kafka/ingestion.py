"""Records of a topic as jobs: each once, in the order of its partition, and none lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final, Protocol

import structlog

from operation_server.faults import reason_of
from operation_server.kafka.consumer import RecordConsumer
from operation_server.kafka.dead_letters import DeadLetters
from operation_server.kafka.errors import BrokersAway, PlaceLost
from operation_server.kafka.record import IncomingRecord
from operation_server.kafka.standing import Standing
from operation_server.kafka.verdict import AGAIN_AFTER_S, again_after_s, problem_of

LOOP: Final = "submissions"

log = structlog.get_logger(__name__)


class Door(Protocol):
    """Where records become jobs."""

    async def submit(self, record: IncomingRecord) -> object:
        """Store the job of a record; the same record again gives the same job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a partition has come, and what keeps the record there from being settled now."""

    partition: int
    next_offset: int
    waiting: IncomingRecord | None = None
    error: Exception | None = None
    again_after_s: float = 0


class Ingestion:
    """Submits records; one that waits is read again, so that the brokers see a member that is alive."""

    def __init__(
        self, consumer: RecordConsumer, *, door: Door, dead_letters: DeadLetters, standing: Standing
    ) -> None:
        self._consumer = consumer
        self._door = door
        self._dead_letters = dead_letters
        self._standing = standing
        self._unnoted: dict[int, int] = {}
        """From which offset on partitions are to be read, where the brokers have not noted it yet."""

    async def run(self) -> None:
        """Submit on and on; an outage only delays it."""
        while True:
            try:
                self._unnoted.clear()
                async with self._consumer.joined():
                    await self._go_on()
            except PlaceLost as lost:
                self._wait(lost)
                await asyncio.sleep(AGAIN_AFTER_S)

    async def _go_on(self) -> None:
        while True:
            rest_s = await self._look()
            await asyncio.sleep(rest_s)

    async def _look(self) -> float:
        """Settle the next records, and return after how many seconds to look again.

        Raises:
            PlaceLost: a record that waits would be gone past, or another process reads.
        """
        try:
            records = await self._consumer.take()
            progress = await asyncio.gather(*map(self._settle, _by_partition(records)))
            # Before all that may fail: what is read next must not be behind a record that waits.
            for each in progress:
                if each.waiting is not None:
                    await self._consumer.return_to(each.waiting)
            self._unnoted |= {each.partition: each.next_offset for each in progress}
            await self._consumer.settle(list(self._unnoted.items()))
            self._unnoted.clear()
        except BrokersAway as error:
            self._wait(error)
            return AGAIN_AFTER_S
        return self._tell(progress)

    def _tell(self, progress: Sequence[Progress]) -> float:
        errors = [each.error for each in progress if each.error is not None]
        if errors:
            self._wait(errors[0])
        else:
            self._standing.works(LOOP)
        return max((each.again_after_s for each in progress), default=0)

    async def _settle(self, records: Sequence[IncomingRecord]) -> Progress:
        """Settle records of one partition in their order, until one has to wait."""
        for record in records:
            try:
                await self._submit(record)
            except Exception as error:  # noqa: BLE001 - what is the record's own fault was set aside.
                return Progress(
                    partition=record.partition,
                    next_offset=record.offset,
                    waiting=record,
                    error=error,
                    again_after_s=again_after_s(error) or AGAIN_AFTER_S,
                )
        return Progress(partition=records[-1].partition, next_offset=records[-1].offset + 1)

    async def _submit(self, record: IncomingRecord) -> None:
        """Make a record a job, or set it aside.

        Raises:
            Exception: it can be neither now.
        """
        try:
            await self._door.submit(record)
        except Exception as error:
            if again_after_s(error) is not None:
                raise
            await self._dead_letters.set_aside(record, problem_of(error))

    def _wait(self, error: Exception) -> None:
        log.warning("records wait", error=reason_of(error))
        self._standing.waits(LOOP, error)


def _by_partition(records: Iterable[IncomingRecord]) -> list[list[IncomingRecord]]:
    partition = attrgetter("partition")
    return [list(each) for _, each in groupby(sorted(records, key=partition), key=partition)]
