"""One plugin on many inputs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from satellite.client.calls import Flow, Item, ItemFlow
from satellite.client.models import Job

AT_ONCE: Final = 64


def map_jobs(
    inputs: Iterable[Any],
    *,
    submit: Callable[[int, Any], Flow[Job]],
    wait: Callable[[int, float | None], Flow[Job]],
    at_once: int,
    timeout_s: float | None,
    progress: Callable[[int], None] | None,
) -> ItemFlow[Job]:
    """Give the finished job of each input in their order, with up to `at_once` jobs under way.

    `submit` is given the number of an input and the input, `wait` the id of a job and the seconds left.
    """
    deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
    under_way: deque[int] = deque()
    remaining = enumerate(inputs)
    done = 0
    while True:
        while len(under_way) < at_once and (following := next(remaining, None)) is not None:
            job = yield from submit(*following)
            under_way.append(job.id)
        if not under_way:
            return
        left_s = None if deadline_s is None else max(0.0, deadline_s - time.monotonic())
        job = yield from wait(under_way.popleft(), left_s)
        done += 1
        if progress is not None:
            progress(done)
        yield Item(job)
