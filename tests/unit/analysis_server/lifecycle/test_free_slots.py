"""No slot becomes free without the loop that waits for it being woken."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from analysis_server.lifecycle import free_slots
from analysis_server.lifecycle.free_slots import FreeSlots, SlotPool


@pytest.fixture
def reserved(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What Celery keeps of the tasks that a worker took."""
    tasks: set[str] = set()
    monkeypatch.setattr(free_slots, "reserved_requests", tasks)
    return tasks


@pytest.fixture
def pool() -> Iterator[SlotPool]:
    pool = SlotPool(limit=1)
    yield pool
    pool.on_stop()


def test_the_loop_is_woken_once_and_only_if_it_waits(reserved: set[str]) -> None:
    wakes: list[None] = []
    slots = FreeSlots(slots=2, wake=lambda: wakes.append(None))
    assert slots.count() == 2
    reserved.update("a")
    slots.tell()
    assert slots.count() == 1
    assert not slots.is_busy()
    slots.tell()
    assert not wakes

    reserved.update("ab")
    assert slots.count() == 0
    assert slots.is_busy()
    slots.tell()
    slots.tell()
    assert len(wakes) == 1


def test_more_tasks_than_slots_are_none_free(reserved: set[str]) -> None:
    reserved.update("abc")
    assert FreeSlots(slots=2, wake=lambda: None).count() == 0


def test_a_thread_tells_after_the_end_of_its_task(pool: SlotPool, reserved: set[str]) -> None:
    free_when_told: list[int] = []
    told = threading.Event()

    def look() -> None:
        free_when_told.append(slots.count())
        told.set()

    slots = pool.free_slots = FreeSlots(slots=1, wake=look)
    reserved.add("task")
    assert slots.count() == 0
    # Celery strikes a task off in the callback that the pool makes of its end.
    pool.on_apply(lambda: (0, None, 0.0), args=(), kwargs={}, callback=lambda _: reserved.remove("task"))
    assert told.wait(5)
    assert free_when_told == [1]
