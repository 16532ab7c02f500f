"""Workers by state, and their slots, as they are scraped."""

from __future__ import annotations

from operation_server.metrics.platform import PlatformState
from satellite.testing import heartbeat_of


def test_a_drained_worker_is_neither_up_nor_deaf_and_offers_no_slots() -> None:
    state = PlatformState(
        workers=[
            heartbeat_of(name="up", slots=4, slots_taken=1),
            heartbeat_of(name="drained", slots=8, slots_taken=2, drained=True, consumer_ok=False),
            heartbeat_of(name="leaves", slots=2, draining=True, drained=True),
            heartbeat_of(name="deaf", slots=1, consumer_ok=False),
        ]
    )
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in state.collect()
        for sample in metric.samples
    }
    states = ("up", "drained", "draining", "deaf")
    assert [found["satellite_workers", each] for each in states] == [1, 1, 1, 1]
    assert (found["satellite_slots",], found["satellite_slots_taken",]) == (4 + 2 + 0 + 1, 3)
