"""The simulation gives the answers that queueing theory knows."""

from __future__ import annotations

import random
from typing import Any

import pytest
import simpy

from tests.performance.scaling.check import calibrate, compare
from tests.performance.scaling.costs import Cost, Measured, Measurement, Pacing, fit_costs
from tests.performance.scaling.model import Behaviour, Machine, Processes, Size, simulate
from tests.performance.scaling.tables import table, whole

NO_REST = Pacing(longest_rest_s=0)


def behaviour(**per_job_ms: float) -> Behaviour:
    costs = {name.replace("_", " "): Cost(per_job_ms=cost) for name, cost in per_job_ms.items()}
    return Behaviour(costs=costs, pacing=NO_REST)


@pytest.mark.parametrize("utilisation", [0.3, 0.8])
def test_one_server_with_random_arrivals_waits_as_m_d_1_says(utilisation: float) -> None:
    service_ms, arrivals = 1.0, 60_000
    world, dice = simpy.Environment(), random.Random(7)
    server = Processes(Machine(world, 1), "server", 1)
    waits_ms: list[float] = []

    def customer() -> Any:
        came = world.now
        yield from server.do(0, service_ms)
        waits_ms.append((world.now - came) * 1000 - service_ms)

    def arrive() -> Any:
        for _ in range(arrivals):
            yield world.timeout(dice.expovariate(utilisation / service_ms * 1000))
            world.process(customer())

    world.process(arrive())
    world.run()

    expected_ms = utilisation * service_ms / (2 * (1 - utilisation))
    assert sum(waits_ms) / len(waits_ms) == pytest.approx(expected_ms, rel=0.05)


def test_with_cores_in_plenty_the_slowest_process_sets_the_pace() -> None:
    result = simulate(Size(cores=32, clients=64, slots=16), behaviour(API=2, worker=5, executor=1))

    assert result.jobs_per_s == pytest.approx(1000 / 5, rel=0.03)
    assert result.saturated == "worker"
    assert result.busy["worker"] == pytest.approx(1, abs=0.03)


def test_on_one_core_the_sum_of_all_work_sets_the_pace() -> None:
    result = simulate(Size(cores=1, clients=32), behaviour(API=2, worker=5, executor=1, client=2))

    assert result.jobs_per_s == pytest.approx(1000 / 10, rel=0.03)
    assert result.busy["cores"] == pytest.approx(1, abs=0.01)


def test_one_client_waits_for_the_sum_of_all_steps() -> None:
    result = simulate(Size(cores=8, clients=1), behaviour(API=2, worker=5, executor=1, results_consumer=3))

    assert result.p50_ms == pytest.approx(11, abs=0.01)


def test_what_is_done_twice_over_carries_twice_as_much() -> None:
    size = {"cores": 32, "clients": 128, "slots": 16}
    one, two = (
        simulate(Size(**size, workers=workers), behaviour(worker=10)).jobs_per_s for workers in (1, 2)
    )

    assert two == pytest.approx(2 * one, rel=0.05)


def test_rounds_that_cost_much_carry_many() -> None:
    costs = {"results consumer": Cost(per_job_ms=0.1, per_round_ms=20), "worker": Cost(per_job_ms=1)}
    result = simulate(Size(cores=8, clients=32, slots=32), Behaviour(costs=costs, pacing=NO_REST))

    # All 32 clients go round together: a round, and the work of the worker.
    assert result.jobs_a_round > 10
    assert result.jobs_per_s > 3 * 1000 / 20


def test_busy_cores_are_missing() -> None:
    size = Size(cores=2, clients=32, slots=32, workers=2)
    costs = {"worker": Cost(per_job_ms=10)}
    free, taken = (
        simulate(size, Behaviour(costs=costs, pacing=NO_REST, busy_cores=busy)) for busy in (0.0, 1.0)
    )

    assert free.jobs_per_s == pytest.approx(200, rel=0.05)
    assert taken.jobs_per_s < 0.8 * free.jobs_per_s


def measured(clients: int, batch: float, **cpu_ms: float) -> Measured:
    return Measured(
        clients=clients, jobs=100, jobs_per_s=50, p50_ms=20, p99_ms=40, busy_cores=1, other_cores=0,
        phases_ms={}, dispatch_batch=batch, results_batch=batch, reports_per_job=1, cpu_ms=cpu_ms,
    )  # fmt: skip


def test_costs_are_a_line_over_rounds() -> None:
    runs = [measured(n, batch, API=3 + 8 / batch) for n, batch in ((1, 1.0), (4, 2.0), (16, 8.0))]

    assert fit_costs(runs)["API"].per_job_ms == pytest.approx(3)
    assert fit_costs(runs)["API"].per_round_ms == pytest.approx(8)


@pytest.mark.parametrize("costs", [(5.0, 5.1, 5.3), (8.0, 3.9, 0.1)])
def test_no_cost_is_below_zero(costs: tuple[float, ...]) -> None:
    batches = (1.0, 2.0, 8.0)
    runs = [measured(n, batch, API=cost) for n, batch, cost in zip((1, 4, 16), batches, costs, strict=True)]
    fitted = fit_costs(runs)["API"]

    assert fitted.per_job_ms >= 0
    assert fitted.per_round_ms >= 0


def test_a_simulation_calibrated_on_its_own_answers_meets_them() -> None:
    truth = behaviour(API=4, worker=5, executor=2, results_consumer=3, client=1)
    runs = []
    for clients in (1, 16):
        result = simulate(Size(cores=2, clients=clients), truth)
        cpu_ms = {part: cost.per_job_ms for part, cost in truth.costs.items()}
        run = measured(clients, 1.0, **cpu_ms)
        runs.append(
            Measured(**{**vars(run), "jobs_per_s": result.jobs_per_s, "p50_ms": result.p50_ms + 5 / clients})
        )
    measurement = Measurement(
        at="2026-01-02", processors=2, idle_ms_per_s={}, bytes_per_job=1, slots=8, pacing=NO_REST, runs=runs
    )
    found = calibrate(measurement)
    comparisons = compare(measurement, found)

    assert found.wait_ms == pytest.approx(5, abs=0.1)
    assert all(abs(each.latency_error) < 0.1 for each in comparisons)
    assert "| API | 4.00 | 4.00 |" in whole(measurement, found, comparisons, [], [])


def test_a_table_is_markdown() -> None:
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n|---|---|\n| 1 | 2 |"
