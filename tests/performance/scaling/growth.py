"""What saturates first, and how far it goes when that is multiplied, again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.performance.scaling.costs import Measurement
from tests.performance.scaling.model import Behaviour, Result, Size, simulate

ENOUGH_CORES = 96
CLIENTS_PER_WORKER = 64
CORES = (2, 4, 8, 16)
STEPS = 9
MULTIPLIED = {
    "API": "api",
    "worker": "workers",
    "executor": "workers",
    "plugin": "workers",
    "dispatcher": "shards",
    "results consumer": "shards",
    "Redis": "redis",
}
LIMIT = 0.8
"""A process that is busier than this makes the others wait."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A size, what it does, and the part that holds it back."""

    size: Size
    result: Result
    saturated: str


def by_cores(measurement: Measurement, behaviour: Behaviour) -> list[Step]:
    """Return one of each process on ever larger machines, its clients elsewhere."""
    return [
        _step(
            Size(
                cores=cores,
                clients=CLIENTS_PER_WORKER,
                slots=measurement.slots,
                clients_elsewhere=True,
            ),
            replace(behaviour, busy_cores=sum(measurement.idle_ms_per_s.values()) / 1000),
        )
        for cores in CORES
    ]


def by_parts(measurement: Measurement, behaviour: Behaviour) -> Iterator[Step]:
    """Yield what happens with cores in plenty, one more of what saturates at each step."""
    size = Size(cores=ENOUGH_CORES, clients=0, slots=measurement.slots, clients_elsewhere=True)
    for _ in range(STEPS):
        size = replace(size, clients=CLIENTS_PER_WORKER * size.workers)
        step = _step(size, replace(behaviour, busy_cores=0))
        yield step
        size = _larger(size, step.saturated)


def _step(size: Size, behaviour: Behaviour) -> Step:
    result = simulate(size, behaviour, warm_up_s=1, measured_s=3)
    return Step(size=size, result=result, saturated=_saturated(result))


def _saturated(result: Result) -> str:
    if result.busy["cores"] > LIMIT:
        return "cores"
    busiest = result.saturated
    # Where no process is busy all the time, jobs wait for a place at a worker.
    return busiest if result.busy[busiest] > LIMIT else "slots"


def _larger(size: Size, saturated: str) -> Size:
    name = MULTIPLIED.get(saturated, "workers")
    return replace(size, **{name: getattr(size, name) + 1})
