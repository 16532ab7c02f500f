"""Gathered observations arrive in the metric exactly as if each had been told at once."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry, Counter, Histogram

from operation_server.metrics.pending import (
    HANDED_ON_AFTER_S,
    PendingCounter,
    PendingHistogram,
    TalliedHistogram,
    hand_on,
)

BUCKETS = (0.001, 0.01, 0.1, 1)
VALUES = [0, 0.001, 0.0010001, 0.01, 0.05, 0.1, 1, 1.5, 700]


def samples(registry: CollectorRegistry) -> dict[tuple[str, str], float]:
    return {
        (sample.name, sample.labels.get("le", "")): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    }


def test_a_gathered_histogram_equals_one_that_was_told_each_value() -> None:
    gathered, told = CollectorRegistry(), CollectorRegistry()
    pending = PendingHistogram(TalliedHistogram("a", "A.", buckets=BUCKETS, registry=gathered))
    plain = Histogram("a", "A.", buckets=BUCKETS, registry=told)
    for value in VALUES:
        pending.observe(value)
        plain.observe(value)
    hand_on()
    for value in VALUES[:3]:
        pending.observe(value)
        plain.observe(value)
    hand_on()
    hand_on()

    assert samples(gathered) == samples(told)


def test_a_gathered_counter_loses_and_doubles_nothing() -> None:
    registry = CollectorRegistry()
    pending = PendingCounter(Counter("b", "B.", registry=registry))
    pending.inc()
    pending.inc(2)
    hand_on()
    pending.inc(4)
    hand_on()
    hand_on()

    assert samples(registry)["b_total", ""] == 7


async def test_within_a_moment_it_is_handed_on_by_itself() -> None:
    registry = CollectorRegistry()
    pending = PendingCounter(Counter("c", "C.", registry=registry))
    for _ in range(2):
        pending.inc()
        async with asyncio.timeout(10 * HANDED_ON_AFTER_S):
            before = samples(registry)["c_total", ""]
            while samples(registry)["c_total", ""] == before:
                await asyncio.sleep(0.01)

    assert samples(registry)["c_total", ""] == 2


def test_a_loop_that_ended_does_not_hold_back_the_next_one() -> None:
    registry = CollectorRegistry()
    pending = PendingCounter(Counter("d", "D.", registry=registry))

    async def count_and_leave() -> None:
        pending.inc()

    async def count_and_stay() -> None:
        PendingCounter(Counter("e", "E.", registry=registry)).inc()
        await asyncio.sleep(2 * HANDED_ON_AFTER_S)

    asyncio.run(count_and_leave())
    asyncio.run(count_and_stay())

    assert samples(registry)["d_total", ""] == 1
    assert samples(registry)["e_total", ""] == 1
