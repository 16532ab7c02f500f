"""Whether the simulation says what was measured, at every number of clients."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.performance.scaling.costs import Measured, Measurement, fit_costs
from tests.performance.scaling.model import Behaviour, Result, Size, simulate

ROUNDS = 12


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A measured run beside its simulation."""

    measured: Measured
    simulated: Result

    @property
    def throughput_error(self) -> float:
        return self.simulated.jobs_per_s / self.measured.jobs_per_s - 1

    @property
    def latency_error(self) -> float:
        return self.simulated.p50_ms / self.measured.p50_ms - 1


def calibrate(measurement: Measurement) -> Behaviour:
    """Return what fits the costs at all numbers of clients, and the latency at one.

    One client alone waits for nobody, so what its job takes is what the parts do one after the other, and on
    top of that what is no CPU. If the parts do more than that in all, some of it comes after the answer.
    """
    behaviour = Behaviour(costs=fit_costs(measurement.runs), pacing=measurement.pacing)
    alone = min(measurement.runs, key=lambda run: run.clients)
    behaviour = replace(behaviour, busy_cores=busy_cores(measurement, alone))
    excess_ms = alone.p50_ms - _alone_ms(behaviour, measurement)
    if excess_ms >= 0:
        return replace(behaviour, wait_ms=excess_ms)
    low, high = 0.0, 1.0
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        too_long = _alone_ms(replace(behaviour, on_path=middle), measurement) > alone.p50_ms
        low, high = (low, middle) if too_long else (middle, high)
    return replace(behaviour, on_path=(low + high) / 2)


def compare(measurement: Measurement, behaviour: Behaviour) -> list[Comparison]:
    """Return each measured run beside its simulation."""
    return [
        Comparison(
            measured=run,
            simulated=simulate(
                Size(cores=measurement.processors, clients=run.clients, slots=measurement.slots),
                replace(behaviour, busy_cores=busy_cores(measurement, run)),
            ),
        )
        for run in measurement.runs
    ]


def busy_cores(measurement: Measurement, run: Measured) -> float:
    """Return the cores that were busy without a job."""
    return sum(measurement.idle_ms_per_s.values()) / 1000 + run.other_cores


def _alone_ms(behaviour: Behaviour, measurement: Measurement) -> float:
    size = Size(cores=measurement.processors, clients=1, slots=measurement.slots)
    return simulate(size, behaviour, measured_s=4).p50_ms
