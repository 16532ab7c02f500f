"""A batch takes one slot, and its other jobs seats; nobody takes more than there is."""

from __future__ import annotations

import pytest

from analysis_server.lifecycle.slots import Batch, Slots
from satellite.contracts.task_names import BATCH_HEADER

SMALL, LARGE = Batch("small", 4), Batch("large", 32)


def taken(slots: Slots, batch: Batch | None, count: int) -> Slots:
    for _ in range(count):
        slots.take(batch)
    return slots


@pytest.mark.parametrize(("jobs", "expected"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 3)])
def test_a_batch_takes_one_slot(jobs: int, expected: int) -> None:
    slots = taken(Slots(slots=8, seats=64), SMALL, jobs)
    assert (slots.taken, slots.free, slots.tasks) == (expected, 8 - expected, jobs)


def test_those_of_several_plugins_and_those_alone_take_slots_of_their_own() -> None:
    slots = taken(taken(taken(Slots(slots=8, seats=64), SMALL, 3), LARGE, 20), None, 2)
    assert slots.taken == 4


def test_jobs_of_a_batch_that_find_no_seat_take_no_slot() -> None:
    slots = taken(Slots(slots=8, seats=5), LARGE, 6)
    assert (slots.taken, slots.needs_seat(LARGE), slots.fits(LARGE)) == (1, True, False)
    assert slots.fits(SMALL)
    assert slots.fits(None)
    assert not taken(slots, SMALL, 1).fits(SMALL)


def test_without_seats_each_takes_a_slot() -> None:
    slots = taken(Slots(slots=4, seats=0), LARGE, 3)
    assert (slots.taken, slots.fits(LARGE)) == (3, True)
    assert not taken(slots, LARGE, 1).fits(LARGE)
    slots.give_back(LARGE)
    assert slots.taken == 3


def test_a_seat_is_in_a_batch_that_is_there_and_not_full() -> None:
    slots = Slots(slots=1, seats=64)
    assert not slots.has_seat()
    assert taken(slots, SMALL, 3).fits(SMALL)
    assert slots.has_seat()
    assert not slots.fits(LARGE)
    assert not slots.fits(None)
    assert not taken(slots, SMALL, 1).fits(SMALL)
    assert not slots.has_seat()


def test_what_ends_gives_back_what_it_took() -> None:
    slots = taken(taken(Slots(slots=2, seats=64), SMALL, 5), None, 1)
    assert slots.free == 0
    slots.give_back(SMALL)
    assert slots.taken == 2
    slots.give_back(None)
    assert slots.taken == 1
    for _ in range(4):
        slots.give_back(SMALL)
    assert (slots.taken, slots.tasks) == (0, 0)


def test_a_message_tells_its_batch() -> None:
    assert Batch.of({BATCH_HEADER: ["small", 4], "task": "any"}) == SMALL
    assert Batch.of({"task": "any"}) is None
