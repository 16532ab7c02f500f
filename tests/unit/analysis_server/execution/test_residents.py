"""What stays loaded or stands by is on the books, and gives way when an attempt needs its room."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import Any, cast

import pytest

from analysis_server.execution.admission import eviction, waiting_line
from analysis_server.execution.admission.allocation import Allocation
from analysis_server.execution.admission.ledger import ResourceLedger
from analysis_server.execution.admission.resident_watch import ResidentWatch
from analysis_server.execution.executor import ExecutorHealth, Look, PluginExecutor
from analysis_server.runtimes.residents import (
    Eviction,
    LoadedServer,
    ResidentKey,
    ResidentLimits,
    Residents,
    SpareAllowance,
    SpareCount,
)
from analysis_server.runtimes.standby.limits import StandbyLimits
from satellite.contracts.plugin_manifest import PluginManifest
from satellite.contracts.worker import GPUCard
from tests.fixtures.servers import wait_until
from tests.unit.analysis_server.execution.test_admission import Waiting, manifest, take


class Stage:
    """Stands for the executor: remembers what was to go, and when it is said to be gone."""

    def __init__(self) -> None:
        self.evictions: list[Eviction] = []
        self.may_go = threading.Event()
        self.may_go.set()
        self.stays: set[str] = set()

    def evict(self, eviction: Eviction) -> Collection[ResidentKey]:
        self.evictions.append(eviction)
        assert self.may_go.wait(60)
        return [key for key in (*eviction.servers, *eviction.spares) if key[0] not in self.stays]

    @property
    def evicted(self) -> list[str]:
        return [key[0] for each in self.evictions for key in (*each.servers, *each.spares)]


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def make(stage: Stage) -> Callable[..., ResourceLedger]:
    def make_ledger(cards: int = 0, **totals: Any) -> ResourceLedger:
        inventory = [GPUCard(uuid=f"card-{index}", memory_mib=1000) for index in range(cards)]
        wanted = {"cpus": 2, "memory_mib": 1000, "cards": inventory, **totals}
        return ResourceLedger(**wanted, evict=stage.evict)

    return make_ledger


def server(**resources: Any) -> PluginManifest:
    return manifest(mode="server", **resources)


def with_spares(count: int, **resources: Any) -> PluginManifest:
    return manifest(**resources).model_copy(update={"standby": count})


def use(ledger: ResourceLedger, wanted: PluginManifest, digest: str) -> Allocation:
    allocation = take(ledger, wanted, digest)
    ledger.release(allocation)
    return allocation


def loaded(digest: str, gpu_ids: tuple[str, ...] = ()) -> LoadedServer:
    return LoadedServer(
        key=(digest, gpu_ids), name="p", version="1", busy=False, memory_mib=0, gpu_memory_mib=0
    )


def spares_of(digest: str) -> SpareCount:
    return SpareCount(key=(digest, ()), name="p", version="1", ready=1, memory_mib=0)


def test_an_idle_server_keeps_its_memory_and_card_but_no_cpu(
    make: Callable[..., ResourceLedger], stage: Stage
) -> None:
    ledger = make(cards=1)
    first = use(ledger, server(gpus=1), "model")
    free = ledger.free()
    assert (free.cpus, free.memory_mib, free.gpus, free.gpu_memory_mib) == (2, 900, 0, 0)
    assert use(ledger, server(gpus=1), "model") is first
    assert not stage.evictions


def test_a_whole_card_never_has_two_owners(make: Callable[..., ResourceLedger], stage: Stage) -> None:
    ledger = make(cards=1)
    use(ledger, server(gpus=1), "idle model")
    stage.may_go.clear()
    other = Waiting(ledger, manifest(gpus=1), "other")
    wait_until(lambda: stage.evictions)
    time.sleep(0.1)
    assert other.allocation is None
    stage.may_go.set()
    wait_until(lambda: other.allocation)
    assert stage.evicted == ["idle model"]
    assert other.allocation is not None
    assert other.allocation.gpu_ids == ("card-0",)


def test_a_server_that_does_not_go_keeps_its_room(make: Callable[..., ResourceLedger], stage: Stage) -> None:
    ledger = make(cards=1)
    use(ledger, server(gpus=1), "stubborn")
    stage.stays.add("stubborn")
    other = Waiting(ledger, manifest(gpus=1), "other")
    wait_until(lambda: len(stage.evictions) > 1)
    assert other.allocation is None
    stage.stays.clear()
    wait_until(lambda: other.allocation)


def test_the_least_recently_used_goes_first_and_only_who_helps(
    make: Callable[..., ResourceLedger], stage: Stage
) -> None:
    ledger = make(cards=1, memory_mib=10_000)
    use(ledger, server(), "old, without a card")
    use(ledger, server(gpus=0.5, gpu_memory_mib=400), "older on the card")
    use(ledger, server(gpus=0.25, gpu_memory_mib=400), "newer on the card")
    take(ledger, manifest(gpus=0.25, gpu_memory_mib=500), "other")
    assert stage.evicted == ["older on the card"]


def test_memory_counts_as_well(make: Callable[..., ResourceLedger], stage: Stage) -> None:
    ledger = make()
    for digest in ("first", "second", "third"):
        use(ledger, server(memory_mib=300), digest)
    use(ledger, server(memory_mib=300), "first")
    take(ledger, manifest(memory_mib=600), "large")
    assert stage.evicted == ["second", "third"]


def test_a_busy_server_is_closed_when_one_has_waited_too_long(
    make: Callable[..., ResourceLedger], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_line, "PATIENCE_S", 0.2)
    ledger = make(cards=1, cpus=8)
    busy = take(ledger, server(gpus=1), "busy")
    assert take(ledger, server(gpus=1), "busy") is busy
    first = Waiting(ledger, manifest(gpus=1), "other")
    wait_until(lambda: busy.closing)
    late = Waiting(ledger, server(gpus=1), "busy")
    wait_until(lambda: len(ledger._line) == 2)
    ledger.release(busy)
    assert late.allocation is None
    ledger.release(busy)
    wait_until(lambda: first.allocation)
    assert stage.evicted == ["busy"]
    assert late.allocation is None
    assert first.allocation is not None
    ledger.release(first.allocation)
    wait_until(lambda: late.allocation)
    assert late.allocation is not busy


def test_what_the_executor_no_longer_has_is_struck_off(make: Callable[..., ResourceLedger]) -> None:
    ledger = make()
    use(ledger, server(), "there")
    use(ledger, server(), "gone")
    in_use = take(ledger, server(), "starting")
    asked_at = time.monotonic()
    ledger.settle(Residents(servers=(loaded("there"),)), asked_at=asked_at)
    assert ledger.free().memory_mib == 800
    ledger.release(in_use)
    ledger.settle(Residents(servers=(loaded("there"),)), asked_at=asked_at)
    assert ledger.free().memory_mib == 800
    ledger.settle(Residents(servers=(loaded("there"),)), asked_at=time.monotonic())
    assert ledger.free().memory_mib == 900


def test_spares_take_the_room_that_is_left(make: Callable[..., ResourceLedger]) -> None:
    ledger = make(memory_mib=350)
    allocation = take(ledger, with_spares(3), "p")
    assert allocation.spare_allowance is not None
    assert allocation.spare_allowance.counts == {("p", ()): 2}
    ledger.release(allocation)
    assert ledger.spare_allowance().counts == {("p", ()): 3}
    assert ledger.free().memory_mib == 50


def test_a_job_takes_over_the_room_of_its_spare(make: Callable[..., ResourceLedger], stage: Stage) -> None:
    ledger = make(cards=1)
    wanted = with_spares(1, gpus=1)
    first = take(ledger, wanted, "p")
    assert first.spare_allowance is not None
    assert first.spare_allowance.counts == {}
    ledger.release(first)
    assert ledger.spare_allowance().counts == {("p", ("card-0",)): 1}
    second = take(ledger, wanted, "p")
    assert second.gpu_ids == ("card-0",)
    assert second.spare_allowance is not None
    assert second.spare_allowance.counts == {}
    assert not stage.evictions


def test_spares_give_way_and_do_not_come_back_before_the_next_job(
    make: Callable[..., ResourceLedger], stage: Stage
) -> None:
    ledger = make(memory_mib=300)
    use(ledger, with_spares(3), "p")
    large = take(ledger, manifest(memory_mib=150), "large")
    assert stage.evicted == ["p"]
    assert stage.evictions[0].allowance.counts == {("p", ()): 1}
    ledger.release(large)
    assert ledger.spare_allowance().counts == {("p", ()): 1}
    use(ledger, with_spares(3), "p")
    assert ledger.spare_allowance().counts == {("p", ()): 3}


def test_spares_that_the_executor_gave_up_are_struck_off(make: Callable[..., ResourceLedger]) -> None:
    ledger = make()
    use(ledger, with_spares(2), "p")
    ledger.settle(Residents(spares=(spares_of("p"),)), asked_at=time.monotonic())
    assert ledger.free().memory_mib == 800
    ledger.settle(Residents(), asked_at=time.monotonic())
    assert ledger.free().memory_mib == 1000
    assert ledger.spare_allowance().counts == {}


def test_a_later_word_on_spares_has_a_higher_serial(make: Callable[..., ResourceLedger]) -> None:
    ledger = make()
    first = take(ledger, with_spares(1), "p").spare_allowance
    assert first is not None
    assert ledger.spare_allowance().serial > first.serial


def test_spares_used_no_longer_give_way_to_those_of_a_later_version(
    make: Callable[..., ResourceLedger], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eviction, "IN_TURN_S", 0.0)
    ledger = make(memory_mib=300)
    use(ledger, with_spares(2), "old")
    use(ledger, with_spares(2), "new")
    assert ledger.spare_allowance().counts == {("old", ()): 2, ("new", ()): 1}
    ledger.let_unused_give_way()
    assert stage.evicted == ["old"]
    assert ledger.spare_allowance().counts == {("old", ()): 1, ("new", ()): 2}
    ledger.let_unused_give_way()
    assert stage.evicted == ["old"]


def test_spares_of_versions_used_in_turn_stay(make: Callable[..., ResourceLedger], stage: Stage) -> None:
    ledger = make(memory_mib=300)
    for _ in range(3):
        use(ledger, with_spares(2), "first")
        use(ledger, with_spares(2), "second")
        ledger.let_unused_give_way()
    assert ledger.spare_allowance().counts == {("first", ()): 2, ("second", ()): 1}
    assert not stage.evictions


def test_where_spares_are_limited_the_least_recently_used_goes(
    make: Callable[..., ResourceLedger], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eviction, "IN_TURN_S", 0.1)
    ledger = make(limits=ResidentLimits(spares_max=1))
    use(ledger, with_spares(1), "old")
    assert ledger.spare_allowance().counts == {("old", ()): 1}
    time.sleep(0.15)
    use(ledger, with_spares(1), "new")
    ledger.let_unused_give_way()
    assert stage.evicted == ["old"]
    assert ledger.spare_allowance().counts == {("new", ()): 1}


def test_where_spares_are_limited_those_used_in_turn_do_not_end_each_others(
    make: Callable[..., ResourceLedger], stage: Stage
) -> None:
    ledger = make(limits=ResidentLimits(spares_max=1))
    use(ledger, with_spares(1), "first")
    use(ledger, with_spares(1), "second")
    ledger.let_unused_give_way()
    assert ledger.spare_allowance().counts == {("first", ()): 1}
    assert not stage.evictions


def test_where_the_machine_is_short_of_memory_spares_go_plugin_by_plugin(
    make: Callable[..., ResourceLedger], stage: Stage
) -> None:
    ledger = make()
    use(ledger, with_spares(2), "old")
    use(ledger, with_spares(1), "new")
    ledger.relieve_memory()
    assert stage.evicted == ["old"]
    assert ledger.spare_allowance().counts == {("new", ()): 1}
    ledger.relieve_memory()
    ledger.relieve_memory()
    assert stage.evicted == ["old", "new"]
    assert ledger.free().memory_mib == 1000


def test_the_watch_sees_that_the_machine_is_short_of_memory(
    make: Callable[..., ResourceLedger], stage: Stage
) -> None:
    ledger = make()
    use(ledger, with_spares(1), "p")
    executor = cast("PluginExecutor", SeenExecutor(Residents(spares=(spares_of("p"),))))
    ResidentWatch(executor, ledger, StandbyLimits(memory_reserve_mib=0)).look(1)
    assert not stage.evictions
    ResidentWatch(executor, ledger, StandbyLimits(memory_reserve_mib=2**40)).look(1)
    assert stage.evicted == ["p"]


class SeenExecutor:
    """Shows always the same."""

    def __init__(self, residents: Residents) -> None:
        self._residents = residents

    def look(self, allowance: SpareAllowance | None, *, timeout_s: float) -> Look:
        return Look(health=ExecutorHealth.WELL, residents=self._residents)


def test_idle_servers_make_room_before_busy_ones_and_old_before_young(
    make: Callable[..., ResourceLedger], stage: Stage
) -> None:
    ledger = make(cpus=8, limits=ResidentLimits(servers_max=3))
    take(ledger, server(), "busy")
    use(ledger, server(), "old")
    use(ledger, server(), "young")
    take(ledger, server(), "other")
    assert stage.evicted == ["old"]


def test_busy_servers_take_turns_where_only_their_number_is_limited(
    make: Callable[..., ResourceLedger], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_line, "PATIENCE_S", 600)
    ledger = make(cpus=8, limits=ResidentLimits(servers_max=1))
    busy = take(ledger, server(), "busy")
    other = Waiting(ledger, server(), "other")
    wait_until(lambda: busy.closing)
    ledger.release(busy)
    wait_until(lambda: other.allocation)
    assert stage.evicted == ["busy"]


def test_the_memory_of_servers_is_limited_and_the_only_one_always_fits(
    make: Callable[..., ResourceLedger], stage: Stage
) -> None:
    ledger = make(memory_mib=10_000, limits=ResidentLimits(servers_memory_mib=1_000))
    use(ledger, server(memory_mib=5_000), "alone")
    use(ledger, server(memory_mib=100), "small")
    assert stage.evicted == ["alone"]
    use(ledger, server(memory_mib=800), "large")
    use(ledger, server(memory_mib=200), "other")
    assert stage.evicted == ["alone", "small"]
    use(ledger, server(memory_mib=950), "larger")
    assert stage.evicted == ["alone", "small", "large", "other"]
