"""No more spares stand by than are allowed, and what was to go is gone before others come."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from analysis_server.runtimes.port import RunRequest
from analysis_server.runtimes.residents import SpareAllowance
from analysis_server.runtimes.standby.limits import StandbyLimits
from analysis_server.runtimes.standby.pool import StandbyPool
from analysis_server.runtimes.standby.spare_set import TOP_UP_DELAY_S
from tests.fixtures.servers import wait_until
from tests.unit.analysis_server.runtimes.server_runs import request_of


class FakeSpare:
    """Ends when it may."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    def usable(self) -> bool:
        return True

    def discard(self) -> None:
        assert self._workshop.may_end.wait(60)
        self._workshop.ended += 1


class Workshop:
    """Starts spares when it may, and counts."""

    def __init__(self) -> None:
        self.may_start, self.may_end = threading.Event(), threading.Event()
        self.may_start.set()
        self.may_end.set()
        self.started = self.ended = 0

    def start(self, _: RunRequest) -> FakeSpare:
        self.started += 1
        assert self.may_start.wait(60)
        return FakeSpare(self)


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture
def pool(workshop: Workshop) -> Iterator[StandbyPool[FakeSpare]]:
    pool = StandbyPool(workshop.start, StandbyLimits(memory_reserve_mib=0))
    yield pool
    workshop.may_start.set()
    workshop.may_end.set()
    pool.close()


def job(serial: int, allowed: int, standby: int = 3) -> RunRequest:
    request = request_of(mode="oneshot", standby=standby)
    return replace(request, spare_allowance=allowance_of(request, serial, allowed))


def allowance_of(request: RunRequest, serial: int, allowed: int) -> SpareAllowance:
    return SpareAllowance(serial=serial, counts={request.resident_key: allowed})


def test_no_more_are_started_than_there_is_room_for(pool: StandbyPool[FakeSpare], workshop: Workshop) -> None:
    assert pool.take(job(1, 2)) is None
    wait_until(lambda: pool.waiting() == 2)
    assert pool.take(job(2, 1)) is not None
    assert pool.waiting() == 1
    assert workshop.started == 2


def test_an_older_word_is_not_heard(pool: StandbyPool[FakeSpare], workshop: Workshop) -> None:
    pool.take(job(5, 1))
    pool.take(job(4, 3))
    wait_until(lambda: pool.waiting() == 1)
    [shown] = pool.residents(allowance_of(job(0, 0), 3, 3))
    assert shown.ready == 1
    pool.residents(allowance_of(job(0, 0), 6, 2))
    wait_until(lambda: pool.waiting() == 2)


def test_a_job_waits_for_the_spare_whose_room_it_has(
    pool: StandbyPool[FakeSpare], workshop: Workshop
) -> None:
    workshop.may_start.clear()
    assert pool.take(job(1, 1)) is None
    wait_until(lambda: workshop.started == 1)
    with ThreadPoolExecutor(1) as threads:
        taken = threads.submit(pool.take, job(2, 0))
        assert not taken.done()
        workshop.may_start.set()
        assert taken.result(60) is not None
    assert workshop.started == 1


def test_a_stopped_job_waits_no_longer(pool: StandbyPool[FakeSpare], workshop: Workshop) -> None:
    workshop.may_start.clear()
    pool.take(job(1, 1))
    wait_until(lambda: workshop.started == 1)
    assert pool.take(job(2, 0), is_stopped=lambda: True) is None


def test_what_is_trimmed_has_ended(pool: StandbyPool[FakeSpare], workshop: Workshop) -> None:
    request = job(1, 3)
    pool.take(request)
    wait_until(lambda: pool.waiting() == 3)
    workshop.may_end.clear()
    assert pool.trim([request.resident_key], allowance_of(request, 2, 1), timeout_s=0.2) == []
    workshop.may_end.set()
    assert pool.trim([request.resident_key], allowance_of(request, 3, 1), timeout_s=10) == [
        request.resident_key
    ]
    assert (workshop.ended, pool.waiting()) == (2, 1)


def test_one_that_is_being_started_is_trimmed_too(pool: StandbyPool[FakeSpare], workshop: Workshop) -> None:
    request = job(1, 1)
    workshop.may_start.clear()
    pool.take(request)
    wait_until(lambda: workshop.started == 1)
    assert pool.trim([request.resident_key], allowance_of(request, 2, 0), timeout_s=0.1) == []
    workshop.may_start.set()
    assert pool.trim([request.resident_key], allowance_of(request, 3, 0), timeout_s=10) == [
        request.resident_key
    ]
    assert workshop.ended == 1


def test_the_next_start_leaves_the_job_a_lead_but_is_not_put_off_again(
    pool: StandbyPool[FakeSpare], workshop: Workshop
) -> None:
    pool.take(job(1, 3))
    wait_until(lambda: pool.waiting() == 3)
    began = time.monotonic()
    assert pool.take(job(2, 2)) is not None
    assert pool.take(job(3, 2)) is not None
    assert workshop.started == 3
    wait_until(lambda: workshop.started == 4, interval_s=0.005)
    assert time.monotonic() - began >= TOP_UP_DELAY_S
    # Jobs that keep coming do not put it off for ever.
    wait_until(lambda: pool.take(job(4, 2)) is None and workshop.started > 6, interval_s=TOP_UP_DELAY_S / 5)
