"""No slot becomes free without the loop that waits for it being woken."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from analysis_server.lifecycle import free_slots
from analysis_server.lifecycle.free_slots import FreeSlots, SlotPool
from analysis_server.lifecycle.slots import Batch, Slots
from satellite.contracts.task_names import BATCH_HEADER, CANARY

GATHERED = {BATCH_HEADER: ["gathered", 3]}


@pytest.fixture
def pool() -> Iterator[SlotPool]:
    pool = SlotPool(limit=1)
    yield pool
    pool.on_stop()


def free_slots_of(slots: int, *, seats: int = 0) -> tuple[FreeSlots, list[None]]:
    wakes: list[None] = []
    return FreeSlots(Slots(slots=slots, seats=seats), wake=lambda: wakes.append(None)), wakes


def test_the_loop_is_woken_once_and_only_if_it_waits() -> None:
    free, wakes = free_slots_of(2)
    assert free.count() == 2
    free.slots.take(None)
    free.tell()
    assert free.count() == 1
    assert not free.is_busy()
    free.tell()
    assert not wakes

    free.slots.take(None)
    assert free.count() == 0
    assert free.is_busy()
    free.tell()
    free.tell()
    assert len(wakes) == 1


def test_with_all_slots_taken_one_is_looked_at_while_a_batch_has_a_seat() -> None:
    free, _ = free_slots_of(2, seats=64)
    free.slots.take(None)
    free.slots.take(Batch.of(GATHERED))
    assert free.slots.free == 0
    assert free.count() == 1
    assert free.accept(GATHERED)
    free.slots.take(Batch.of(GATHERED))
    free.slots.take(Batch.of(GATHERED))
    assert free.count() == 0
    assert not free.accept(GATHERED)


def test_after_a_message_without_a_seat_none_is_looked_at_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free, _ = free_slots_of(1, seats=64)
    free.slots.take(Batch.of(GATHERED))
    assert not free.accept({"task": "alone"})
    assert free.accept({"task": CANARY})
    assert free.count() == 0
    monkeypatch.setattr(free_slots, "LOOK_AGAIN_S", 0.0)
    assert not free.accept({"task": "alone"})
    assert free.count() == 1


def test_a_job_without_a_seat_is_looked_at_again_when_there_is_one() -> None:
    free, _ = free_slots_of(4, seats=1)
    for _ in range(2):
        free.slots.take(Batch.of(GATHERED))
    assert free.count() == 3
    assert not free.accept(GATHERED)
    assert free.count() == 0
    free.slots.give_back(Batch.of(GATHERED))
    assert free.count() == 3


def test_a_thread_tells_after_the_end_of_its_task(pool: SlotPool) -> None:
    free_when_told: list[int] = []
    told = threading.Event()

    def look() -> None:
        free_when_told.append(slots.count())
        told.set()

    slots = pool.free_slots = FreeSlots(Slots(slots=1, seats=0), wake=look)
    pool.on_apply(told.wait, args=(0.1,), kwargs={}, callback=lambda _: None)
    assert slots.count() == 0
    assert told.wait(60)
    assert free_when_told == [1]
