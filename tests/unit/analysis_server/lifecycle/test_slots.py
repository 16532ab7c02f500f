"""A batch takes one slot, and its other jobs seats; nobody takes more than there is."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from analysis_server.lifecycle import slots as slots_module
from analysis_server.lifecycle.slots import Batch, Slots
from satellite.contracts.task_names import BATCH_HEADER
from tests.fixtures.servers import wait_until

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


def is_never() -> bool:
    return False


def start_alone(
    slots: Slots, is_stopped: Callable[[], bool] = is_never
) -> tuple[threading.Event, Callable[[], None]]:
    """Take a task that is to run alone; return what tells that it runs, and what ends it."""
    runs, may_end = threading.Event(), threading.Event()

    def work() -> None:
        with slots.alone(is_stopped):
            runs.set()
            may_end.wait(60)
        slots.give_back(None)

    slots.take(None)
    thread = threading.Thread(target=work)
    thread.start()

    def end() -> None:
        may_end.set()
        thread.join()

    return runs, end


def test_one_that_runs_alone_waits_for_the_others_and_keeps_new_ones_away() -> None:
    slots = taken(taken(Slots(slots=8, seats=64), SMALL, 2), None, 1)
    runs, end = start_alone(slots)
    wait_until(lambda: not slots.free)
    assert not any((slots.fits(None), slots.fits(SMALL), slots.has_seat(), runs.is_set()))
    for batch in (SMALL, SMALL, None):
        assert not runs.is_set()
        slots.give_back(batch)
    assert runs.wait(60)
    assert (slots.free, slots.taken) == (0, 1)
    end()
    assert (slots.free, slots.tasks) == (8, 0)


def test_several_that_run_alone_do_so_one_after_the_other() -> None:
    slots = Slots(slots=8, seats=0)
    slots.take(None)
    some = [start_alone(slots) for _ in range(3)]
    wait_until(lambda: not slots.free)
    slots.give_back(None)
    for left in (2, 1, 0):
        wait_until(lambda: any(runs.is_set() for runs, _ in some))
        [one] = [one for one in some if one[0].is_set()]
        some.remove(one)
        one[1]()
        assert slots.tasks == left


def test_one_that_runs_alone_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots_module, "ALONE_PATIENCE_S", 0.05)
    slots = taken(Slots(slots=8, seats=0), None, 1)
    runs, end = start_alone(slots)
    assert runs.wait(60)
    assert slots.free == 0
    end()
    assert slots.free == 7


def test_one_that_shall_stop_waits_no_longer() -> None:
    slots = taken(Slots(slots=8, seats=0), None, 1)
    runs, end = start_alone(slots, is_stopped=lambda: True)
    assert runs.wait(60)
    end()
