"""Admission gives what there is, in order, and cards to one owner at a time."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from analysis_server.execution.admission import waiting_line
from analysis_server.execution.admission.allocation import Allocation
from analysis_server.execution.admission.ledger import ResourceLedger
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.worker import GPUCard
from satellite.testing import manifest_of
from tests.fixtures.servers import wait_until


def manifest(mode: str = "oneshot", **resources: Any) -> PluginManifest:
    return manifest_of(mode=mode, resources={"cpus": 1, "memory_mib": 100, **resources})


def make_ledger(cards: int = 0, **totals: Any) -> ResourceLedger:
    inventory = [GPUCard(uuid=f"card-{index}", memory_mib=1000) for index in range(cards)]
    return ResourceLedger(**{"cpus": 2, "memory_mib": 1000, "cards": inventory, **totals})


def take(ledger: ResourceLedger, wanted: PluginManifest, digest: str = "d") -> Allocation:
    allocation = ledger.acquire(wanted, digest, is_stopped=lambda: False)
    assert allocation is not None
    return allocation


class Waiting(threading.Thread):
    """Acquires on a thread of its own."""

    def __init__(self, ledger: ResourceLedger, wanted: PluginManifest, digest: str = "d") -> None:
        super().__init__(daemon=True)
        self.ledger, self.wanted, self.digest = ledger, wanted, digest
        self.stopped = False
        self.allocation: Allocation | None = None
        self.start()

    def run(self) -> None:
        self.allocation = self.ledger.acquire(self.wanted, self.digest, is_stopped=lambda: self.stopped)


def test_an_attempt_waits_until_there_is_room() -> None:
    ledger = make_ledger()
    first, second = take(ledger, manifest()), take(ledger, manifest())
    third = Waiting(ledger, manifest())
    assert ledger.free().cpus == 0
    assert third.allocation is None

    ledger.release(first)
    wait_until(lambda: third.allocation)
    ledger.release(second)
    assert ledger.free().cpus == 1


def test_a_big_attempt_is_not_overtaken_for_ever() -> None:
    ledger = make_ledger()
    running = take(ledger, manifest())
    big = Waiting(ledger, manifest(cpus=2))
    wait_until(lambda: len(ledger._line) == 1)
    small = Waiting(ledger, manifest())
    wait_until(lambda: len(ledger._line) == 2)
    assert small.allocation is None

    ledger.release(running)
    wait_until(lambda: big.allocation)
    assert small.allocation is None
    assert big.allocation is not None
    ledger.release(big.allocation)
    wait_until(lambda: small.allocation)


def test_a_stopped_attempt_waits_no_longer() -> None:
    ledger = make_ledger()
    take(ledger, manifest(cpus=2))
    waiting = Waiting(ledger, manifest())
    wait_until(lambda: len(ledger._line) == 1)
    waiting.stopped = True
    ledger.wake()
    waiting.join(60)
    assert not waiting.is_alive()
    assert waiting.allocation is None


def test_jobs_of_one_server_share_what_it_has() -> None:
    ledger = make_ledger(cpus=1)
    server = manifest(mode="server")
    first, second = take(ledger, server), take(ledger, server)
    assert first is second
    ledger.release(first)
    assert ledger.free().cpus == 0
    ledger.release(second)
    assert ledger.free().cpus == 1


def test_a_whole_card_has_one_owner() -> None:
    ledger = make_ledger(cards=2, cpus=8)
    first, second = take(ledger, manifest(gpus=1)), take(ledger, manifest(gpus=1), "e")
    assert {*first.gpu_ids, *second.gpu_ids} == {"card-0", "card-1"}
    third = Waiting(ledger, manifest(gpus=0.5))
    wait_until(lambda: len(ledger._line) == 1)
    ledger.release(second)
    wait_until(lambda: third.allocation)
    assert third.allocation is not None
    assert third.allocation.gpu_ids == second.gpu_ids


def test_what_shares_a_card_fits_its_memory() -> None:
    ledger = make_ledger(cards=1, cpus=8)
    take(ledger, manifest(gpus=0.25, gpu_memory_mib=700))
    greedy = Waiting(ledger, manifest(gpus=0.25, gpu_memory_mib=400))
    wait_until(lambda: len(ledger._line) == 1)
    assert greedy.allocation is None
    greedy.stopped = True
    ledger.wake()
    greedy.join(60)
    assert take(ledger, manifest(gpus=0.25, gpu_memory_mib=300)).gpu_ids == ("card-0",)


def test_parts_go_to_the_fullest_card_so_that_whole_ones_stay_free() -> None:
    ledger = make_ledger(cards=2, cpus=8)
    first, second = take(ledger, manifest(gpus=0.5)), take(ledger, manifest(gpus=0.5))
    assert first.gpu_ids == second.gpu_ids
    assert take(ledger, manifest(gpus=1)).gpu_ids != first.gpu_ids


def test_a_server_that_is_never_idle_does_not_keep_its_cpus_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_line, "PATIENCE_S", 0.1)
    ledger = make_ledger(cpus=1)
    server = manifest(mode="server")
    holder = take(ledger, server)
    alone = Waiting(ledger, manifest(), "alone")
    wait_until(lambda: holder.closing)
    # Those that come now no longer join: they wait behind the one that waits.
    late = Waiting(ledger, server)
    wait_until(lambda: len(ledger._line) == 2)
    assert late.allocation is None
    ledger.release(holder)
    wait_until(lambda: alone.allocation)
    assert alone.allocation is not None
    assert late.allocation is None
    ledger.release(alone.allocation)
    wait_until(lambda: late.allocation)


def test_a_server_is_not_closed_for_cpus_that_others_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_line, "PATIENCE_S", 0.05)
    ledger = make_ledger(cpus=2)
    server = manifest(mode="server")
    holder, other = take(ledger, server), take(ledger, manifest(), "other")
    large = Waiting(ledger, manifest(cpus=2), "large")
    wait_until(lambda: len(ledger._line) == 1 and time.monotonic() - ledger._line[0].since > 0.3)
    assert not holder.closing
    ledger.release(other)
    wait_until(lambda: holder.closing)
    ledger.release(holder)
    wait_until(lambda: large.allocation)
