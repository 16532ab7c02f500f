"""A server plugin has up to `replicas` servers on a worker, each with cards of its own and on the books."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from analysis_server.execution.admission import eviction, waiting_line
from analysis_server.execution.admission.ledger import ResourceLedger
from analysis_server.runtimes.residents import ResidentLimits, Residents
from satellite.contracts.plugin_manifest import PluginManifest
from tests.fixtures.servers import wait_until
from tests.unit.analysis_server.execution import test_residents
from tests.unit.analysis_server.execution.test_admission import Waiting, manifest, take
from tests.unit.analysis_server.execution.test_residents import Stage, loaded, use

stage = test_residents.stage
make = test_residents.make


def model(replicas: int, **resources: Any) -> PluginManifest:
    wanted = manifest(mode="server", **{"gpus": 1, **resources})
    return wanted.model_copy(update={"replicas": replicas})


def test_eight_cards_serve_one_model_eight_times(make: Callable[..., ResourceLedger], stage: Stage) -> None:
    ledger = make(cards=8, cpus=16)
    held = [take(ledger, model(64)) for _ in range(8)]
    assert {each.gpu_ids for each in held} == {(f"card-{number}",) for number in range(8)}
    assert ledger.free().gpus == 0
    for each in held:
        ledger.release(each)
    # Each of them stays loaded.
    assert ledger.free().gpus == 0
    assert ledger.free().memory_mib == 200
    assert not stage.evictions


def test_no_more_than_the_manifest_says_and_then_the_least_busy(make: Callable[..., ResourceLedger]) -> None:
    ledger = make(cards=3, cpus=8)
    first, second = take(ledger, model(2)), take(ledger, model(2))
    assert first is not second
    assert {id(take(ledger, model(2))) for _ in range(2)} == {id(first), id(second)}
    assert [first.holders, second.holders] == [2, 2]
    ledger.release(second)
    assert take(ledger, model(2)) is second
    assert ledger.free().gpus == 1


def test_one_that_is_idle_is_used_before_another_is_started(make: Callable[..., ResourceLedger]) -> None:
    ledger = make(cards=2, cpus=8)
    first = use(ledger, model(2), "d")
    assert use(ledger, model(2), "d") is first
    assert ledger.free().gpus == 1


def test_two_replicas_never_share_a_card(make: Callable[..., ResourceLedger]) -> None:
    ledger = make(cards=1, cpus=8)
    half = model(2, gpus=0.5)
    assert take(ledger, half) is take(ledger, half)
    assert ledger.free().gpus == 0.5


def test_cpus_are_counted_for_as_many_as_have_something_to_do(make: Callable[..., ResourceLedger]) -> None:
    ledger = make(cards=2, cpus=2)
    held = [take(ledger, model(2)) for _ in range(3)]
    assert ledger.free().cpus == 0
    # The job that was given the busier one is served by the one that is free.
    busier = max(held, key=lambda each: each.holders)
    ledger.release(next(each for each in held if each is not busier))
    assert ledger.free().cpus == 0
    ledger.release(busier)
    assert ledger.free().cpus == 1
    ledger.release(busier)
    assert ledger.free().cpus == 2


def test_without_cpus_no_replica_is_started(make: Callable[..., ResourceLedger]) -> None:
    ledger = make(cards=2, cpus=1)
    assert take(ledger, model(2)) is take(ledger, model(2))
    assert ledger.free().gpus == 1


def test_each_is_evicted_by_itself(make: Callable[..., ResourceLedger], stage: Stage) -> None:
    ledger = make(cards=2, cpus=8)
    first, second = take(ledger, model(2), "model"), take(ledger, model(2), "model")
    ledger.release(first)
    other = take(ledger, manifest(gpus=1), "other")
    assert [each.servers for each in stage.evictions] == [(("model", first.gpu_ids),)]
    assert other.gpu_ids == first.gpu_ids
    assert take(ledger, model(2), "model") is second


def test_each_counts_as_a_server(make: Callable[..., ResourceLedger], stage: Stage) -> None:
    ledger = make(cards=3, cpus=8, limits=ResidentLimits(servers_max=2))
    held = [take(ledger, model(3)) for _ in range(3)]
    assert len({id(each) for each in held}) == 2
    assert not stage.evictions


def test_one_that_the_executor_no_longer_has_is_struck_off(make: Callable[..., ResourceLedger]) -> None:
    ledger = make(cards=2, cpus=8)
    first, second = take(ledger, model(2)), take(ledger, model(2))
    ledger.release(first)
    residents = Residents(servers=(loaded("d", second.gpu_ids),))
    ledger.settle(residents, asked_at=time.monotonic())
    assert ledger.free().gpus == 1
    assert take(ledger, model(2)).gpu_ids == first.gpu_ids


def test_replicas_that_are_wanted_end_what_is_used_no_longer(
    make: Callable[..., ResourceLedger], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = make(cards=2, cpus=8)
    use(ledger, model(1), "unused")
    first = take(ledger, model(2), "model")
    assert take(ledger, model(2), "model") is first
    ledger.let_unused_give_way()
    # It was used just now.
    assert not stage.evictions
    monkeypatch.setattr(eviction, "IN_TURN_S", 0.0)
    ledger.let_unused_give_way()
    assert stage.evicted == ["unused"]
    assert take(ledger, model(2), "model") is not first


def test_what_is_left_of_its_own_card_is_of_no_use_to_another_replica(
    make: Callable[..., ResourceLedger], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = make(cards=2, cpus=8)
    use(ledger, model(1), "unused")
    for _ in range(2):
        take(ledger, model(2, gpus=0.5), "half")
    monkeypatch.setattr(eviction, "IN_TURN_S", 0.0)
    ledger.let_unused_give_way()
    assert stage.evicted == ["unused"]


def test_while_nobody_waits_behind_another_nothing_is_ended_for_a_replica(
    make: Callable[..., ResourceLedger], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eviction, "IN_TURN_S", 0.0)
    ledger = make(cards=2, cpus=8)
    use(ledger, model(1), "unused")
    take(ledger, model(2), "model")
    ledger.let_unused_give_way()
    assert not stage.evictions


def test_all_of_them_are_closed_for_cpus_that_they_never_leave(
    make: Callable[..., ResourceLedger], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_line, "PATIENCE_S", 0.1)
    ledger = make(cards=2, cpus=2)
    first, second = take(ledger, model(2)), take(ledger, model(2))
    alone = Waiting(ledger, manifest(), "alone")
    wait_until(lambda: first.closing and second.closing)
    late = Waiting(ledger, model(2))
    wait_until(lambda: len(ledger._line) == 2)
    ledger.release(first)
    wait_until(lambda: alone.allocation)
    assert late.allocation is None
