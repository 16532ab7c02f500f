"""Lets faults happen to a platform under load, and times how long each is felt."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from tests.acceptance.platform import Platform
from tests.chaos.client import connect, persist
from tests.chaos.faults import CONTAINER_FAULTS, FAULTS
from tests.chaos.load import Load
from tests.chaos.plan import Plan
from tests.chaos.record import Pressure, Record
from tests.chaos.submission import ENDED
from tests.chaos.tally import Strike
from tests.chaos.work import PROBE

LOADED_WITHIN_S = 60
"""After a fault the load is back within this, or the next fault says that it was not."""


def strike_under_load(platform: Platform, load: Load, plan: Plan) -> Iterator[Strike]:
    """Yield strikes in shuffled rounds: each fault at least once, and on until enough jobs were submitted."""
    record, struck = Record(platform), set[str]()
    for fault in fault_order(plan.faults, plan.seed):
        if struck == set(plan.faults) and (len(load.submissions) >= plan.jobs or not load.is_alive()):
            return
        pressure = wait_for_load(record, load)
        at = datetime.now(UTC)
        (FAULTS | CONTAINER_FAULTS)[fault](platform)
        struck.add(fault)
        recovery_s = time_recovery(platform, load)
        yield Strike(
            at=at, fault=fault, queued=pressure.queued, running=pressure.running, recovery_s=recovery_s
        )
        time.sleep(plan.pause_s)


def fault_order(faults: Sequence[str], seed: int) -> Iterator[str]:
    """Yield all faults in shuffled rounds, for ever."""
    dice = random.Random(seed)
    while True:
        yield from dice.sample(list(faults), len(faults))


def wait_for_load(record: Record, load: Load) -> Pressure:
    """Return what there is to do, once it is near what the load keeps up or has not become so in time."""
    deadline = time.monotonic() + LOADED_WITHIN_S
    while True:
        pressure = record.pressure()
        is_loaded = pressure.queued >= load.queued_min // 2 and pressure.running >= load.slots // 2
        if is_loaded or time.monotonic() > deadline:
            return pressure
        time.sleep(0.1)


def time_recovery(platform: Platform, load: Load) -> float:
    """Return the seconds until a fresh urgent job has completed.

    It goes before all that waits, but behind what is in the broker already: about as many as there are slots.
    """
    began = time.monotonic()
    with connect(platform) as client:
        [probe] = load.ask(client, PROBE)
        while persist(lambda: client.get(f"/jobs/{probe.job_id}"))["status"] not in ENDED:
            time.sleep(0.2)
    return time.monotonic() - began
