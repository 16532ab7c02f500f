"""A record that waits is never gone past, whatever becomes of its place."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import pytest

from operation_server.faults import Outage
from operation_server.health.sign_of_life import SignOfLife
from operation_server.kafka import ingestion
from operation_server.kafka.consumer import RecordConsumer
from operation_server.kafka.dead_letters import DeadLetters
from operation_server.kafka.errors import BrokersAway, PlaceLost
from operation_server.kafka.ingestion import Ingestion
from operation_server.kafka.record import IncomingRecord
from operation_server.kafka.standing import Standing

RECORDS = [
    IncomingRecord(topic="t", partition=partition, offset=offset, key=None, value=b"{}")
    for offset in range(3)
    for partition in range(2)
]


class Topic:
    """A topic in memory, read as a member of its group reads it."""

    def __init__(self, *, seeks_fail: int = 0, commits_fail: int = 0) -> None:
        self.settled = {0: 0, 1: 0}
        self.joins = 0
        self._seeks_fail = seeks_fail
        self._commits_fail = commits_fail
        self._position: dict[int, int] = {}

    @contextlib.asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        self.joins += 1
        self._position = dict(self.settled)
        yield

    async def take(self) -> list[IncomingRecord]:
        await asyncio.sleep(0)
        found = [each for each in RECORDS if each.offset >= self._position[each.partition]][:4]
        for each in found:
            self._position[each.partition] = each.offset + 1
        return found

    async def settle(self, nexts: Sequence[tuple[int, int]]) -> None:
        if self._commits_fail and nexts:
            self._commits_fail -= 1
            raise BrokersAway("gone")
        self.settled |= dict(nexts)

    async def return_to(self, record: IncomingRecord) -> None:
        if self._seeks_fail:
            self._seeks_fail -= 1
            raise PlaceLost
        self._position[record.partition] = record.offset


class Door:
    """Stores records by their places, and fails for a while."""

    def __init__(self, *, outages: int) -> None:
        self.stored: list[str] = []
        self._outages = outages

    async def submit(self, record: IncomingRecord) -> None:
        if self._outages and record.offset == 1:
            self._outages -= 1
            raise Outage
        if record.place not in self.stored:
            self.stored.append(record.place)


@pytest.mark.parametrize("seeks_fail", [0, 1, 3])
@pytest.mark.parametrize("commits_fail", [0, 2])
@pytest.mark.parametrize("outages", [0, 1, 5])
async def test_all_are_submitted_in_order(
    seeks_fail: int, commits_fail: int, outages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingestion, "AGAIN_AFTER_S", 0)
    monkeypatch.setattr(ingestion, "again_after_s", lambda error: 1e-9 if isinstance(error, Outage) else None)
    topic, door = Topic(seeks_fail=seeks_fail, commits_fail=commits_fail), Door(outages=outages)
    loop: Any = Ingestion(
        cast("RecordConsumer", topic),
        door=door,
        dead_letters=cast("DeadLetters", None),
        standing=Standing(SignOfLife(None, "kafka")),
    )
    running = asyncio.create_task(loop.run())
    async with asyncio.timeout(20):
        while topic.settled != {0: 3, 1: 3}:
            assert not running.done()
            await asyncio.sleep(0)
    running.cancel()

    assert sorted(door.stored) == sorted(each.place for each in RECORDS)
    for partition in range(2):
        of_partition = [place for place in door.stored if place.startswith(f"t/{partition}/")]
        assert of_partition == sorted(of_partition)
    assert topic.joins == 1 + min(seeks_fail, outages)
