"""What there is no slot for is held, begins in its turn, and is forgotten with the connection it came by."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from amqp.exceptions import RecoverableConnectionError
from kombu.message import Message

from analysis_server.lifecycle.free_slots import FreeSlots
from analysis_server.lifecycle.held_messages import HoldingPool, tell_lost_connections_quietly
from analysis_server.lifecycle.slots import Slots
from satellite.contracts.task_names import BATCH_HEADER, CANARY, EXECUTE_JOB
from tests.fixtures.servers import wait_until

SLOTS, SEATS = 2, 4
GATHERED = {BATCH_HEADER: ["gathered", 8]}


class Pool:
    """A pool whose tasks stay until they are let go."""

    def __init__(self) -> None:
        self.began: list[int] = []
        self._may_end = threading.Semaphore(0)
        self.pool = HoldingPool(limit=SLOTS + SEATS)
        self.pool.free_slots = FreeSlots(Slots(slots=SLOTS, seats=SEATS), wake=lambda: None)

    def add(self, *numbers: int, task: str = EXECUTE_JOB, headers: dict[str, Any] | None = None) -> None:
        for number in numbers:
            self.pool.on_apply(
                self._stay,
                (task, number, headers or {}),
                {},
                callback=lambda _: None,
                accept_callback=self._accept,
            )

    def let_go(self, count: int) -> None:
        self._may_end.release(count)

    def settle(self, *numbers: int) -> None:
        wait_until(lambda: len(self.began) >= len(numbers), timeout_s=10)
        assert sorted(self.began) == sorted(numbers)

    def _stay(self, _task: str, number: int, _headers: dict[str, Any]) -> None:
        self.began.append(number)
        self._may_end.acquire(timeout=30)

    def _accept(self, *_: Any) -> None:
        """Take no note."""


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool()
    yield pool
    pool.let_go(100)
    pool.pool.on_close()
    pool.pool.on_stop()


def test_what_there_is_no_slot_for_begins_in_its_turn(pool: Pool) -> None:
    pool.add(1, 2, 3, 4)
    pool.settle(1, 2)
    pool.let_go(1)
    pool.settle(1, 2, 3)
    pool.let_go(1)
    pool.settle(1, 2, 3, 4)


def test_a_seat_is_taken_past_those_who_wait_for_a_slot(pool: Pool) -> None:
    pool.add(1)
    pool.add(2, headers=GATHERED)
    pool.add(3)
    pool.add(4, 5, headers=GATHERED)
    wait_until(lambda: sorted(pool.began) == [1, 2, 4, 5], timeout_s=10)


def test_a_canary_needs_no_slot(pool: Pool) -> None:
    pool.add(1, 2, 3)
    pool.settle(1, 2)
    pool.add(9, task=CANARY)
    wait_until(lambda: 9 in pool.began, timeout_s=10)
    assert 3 not in pool.began


def test_what_came_by_a_lost_connection_does_not_begin(pool: Pool) -> None:
    pool.add(1, 2, 3)
    pool.settle(1, 2)
    pool.pool.flush()
    pool.add(4)
    pool.let_go(1)
    pool.settle(1, 2, 4)


def test_nothing_begins_while_the_worker_drains(pool: Pool) -> None:
    pool.add(1, 2, 3)
    pool.settle(1, 2)
    pool.pool.on_close()
    pool.let_go(2)
    pool.pool.on_stop()
    assert pool.began == [1, 2]


def test_what_cannot_be_acknowledged_any_more_is_one_quiet_line(caplog: pytest.LogCaptureFixture) -> None:
    class Closed:
        no_ack_consumers: tuple[str, ...] = ()

        def basic_ack(self, *_: Any, **__: Any) -> None:
            raise RecoverableConnectionError("connection already closed")

    tell_lost_connections_quietly()
    logger = logging.getLogger("celery.worker.request")
    with caplog.at_level(logging.INFO, logger=logger.name):
        Message(channel=Closed(), delivery_tag=7).ack_log_error(logger, (RecoverableConnectionError,))

    [line] = caplog.records
    assert (line.levelname, line.exc_info) == ("INFO", None)
    assert "connection already closed" in line.getMessage()
