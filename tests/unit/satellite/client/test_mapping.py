"""One plugin on many inputs: in their order, so many at once, as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from satellite.client.calls import Flow, Item
from satellite.client.mapping import map_jobs
from satellite.client.models import Job


class FakeJobs:
    """Jobs that are finished when they are waited for."""

    def __init__(self) -> None:
        self.open: list[int] = []
        self.most_open = 0
        self.inputs: list[Any] = []

    def submit(self, number: int, value: Any) -> Flow[Job]:
        self.inputs.append((number, value))
        self.open.append(len(self.inputs))
        self.most_open = max(self.most_open, len(self.open))
        yield from ()
        return Job.model_construct(id=len(self.inputs))

    def wait(self, job_id: int, left_s: float | None) -> Flow[Job]:
        self.open.remove(job_id)
        yield from ()
        return Job.model_construct(id=job_id)


def mapped(
    jobs: FakeJobs, inputs: Iterable[Any], *, at_once: int, progress: Callable[[int], None] | None = None
) -> Iterator[Job]:
    flow = map_jobs(
        inputs, submit=jobs.submit, wait=jobs.wait, at_once=at_once, timeout_s=None, progress=progress
    )
    return (step.value for step in flow if isinstance(step, Item))


@pytest.mark.parametrize(("at_once", "most"), [(1, 1), (3, 3), (64, 10)])
def test_all_are_run_in_their_order_and_no_more_at_once(at_once: int, most: int) -> None:
    jobs, told = FakeJobs(), list[int]()
    found = mapped(jobs, range(10), at_once=at_once, progress=told.append)

    assert [job.id for job in found] == list(range(1, 11))
    assert jobs.inputs == [(number, number) for number in range(10)]
    assert jobs.most_open == most
    assert told == list(range(1, 11))


def test_inputs_are_taken_as_there_is_room() -> None:
    taken = []

    def numbers() -> Iterator[int]:
        number = 0
        while True:
            taken.append(number)
            yield number
            number += 1

    found = mapped(FakeJobs(), numbers(), at_once=4)
    for _ in range(3):
        next(found)
    assert len(taken) == 6
