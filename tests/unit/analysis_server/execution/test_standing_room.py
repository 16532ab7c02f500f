"""What stays loaded or stands by is on the books, and gives way when an attempt needs its room."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import Any

import pytest

from analysis_server.execution import admission
from analysis_server.execution.admission import ResourceLedger
from analysis_server.execution.grants import Grant
from analysis_server.runtimes.standby import precedence
from analysis_server.runtimes.standing import Eviction, LoadedServer, PluginPlace, SpareCount, Standing
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

    def make_room(self, eviction: Eviction) -> Collection[PluginPlace]:
        self.evictions.append(eviction)
        assert self.may_go.wait(60)
        return [place for place in (*eviction.servers, *eviction.spares) if place[0] not in self.stays]

    @property
    def evicted(self) -> list[str]:
        return [place[0] for each in self.evictions for place in (*each.servers, *each.spares)]


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def make(stage: Stage) -> Callable[..., ResourceLedger]:
    def make_ledger(cards: int = 0, **totals: Any) -> ResourceLedger:
        inventory = [GPUCard(uuid=f"card-{index}", memory_mib=1000) for index in range(cards)]
        wanted = {"cpus": 2, "memory_mib": 1000, "cards": inventory, **totals}
        return ResourceLedger(**wanted, make_room=stage.make_room)

    return make_ledger


def server(**resources: Any) -> PluginManifest:
    return manifest(mode="server", **resources)


def with_spares(count: int, **resources: Any) -> PluginManifest:
    return manifest(**resources).model_copy(update={"standby": count})


def use(ledger: ResourceLedger, wanted: PluginManifest, digest: str) -> Grant:
    grant = take(ledger, wanted, digest)
    ledger.release(grant)
    return grant


def loaded(digest: str, gpu_ids: tuple[str, ...] = ()) -> LoadedServer:
    return LoadedServer(
        place=(digest, gpu_ids), name="p", version="1", busy=False, memory_mib=0, gpu_memory_mib=0
    )


def shelf(digest: str) -> SpareCount:
    return SpareCount(place=(digest, ()), name="p", version="1", ready=1, memory_mib=0)


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
    assert other.grant is None
    stage.may_go.set()
    wait_until(lambda: other.grant)
    assert stage.evicted == ["idle model"]
    assert other.grant is not None
    assert other.grant.gpu_ids == ("card-0",)


def test_a_server_that_does_not_go_keeps_its_room(make: Callable[..., ResourceLedger], stage: Stage) -> None:
    ledger = make(cards=1)
    use(ledger, server(gpus=1), "stubborn")
    stage.stays.add("stubborn")
    other = Waiting(ledger, manifest(gpus=1), "other")
    wait_until(lambda: len(stage.evictions) > 1)
    assert other.grant is None
    stage.stays.clear()
    wait_until(lambda: other.grant)


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
    monkeypatch.setattr(admission, "PATIENCE_S", 0.2)
    ledger = make(cards=1, cpus=8)
    busy = take(ledger, server(gpus=1), "busy")
    assert take(ledger, server(gpus=1), "busy") is busy
    first = Waiting(ledger, manifest(gpus=1), "other")
    wait_until(lambda: busy.closing)
    late = Waiting(ledger, server(gpus=1), "busy")
    wait_until(lambda: len(ledger._queue) == 2)
    ledger.release(busy)
    assert late.grant is None
    ledger.release(busy)
    wait_until(lambda: first.grant)
    assert stage.evicted == ["busy"]
    assert late.grant is None
    assert first.grant is not None
    ledger.release(first.grant)
    wait_until(lambda: late.grant)
    assert late.grant is not busy


def test_what_the_executor_no_longer_has_is_struck_off(make: Callable[..., ResourceLedger]) -> None:
    ledger = make()
    use(ledger, server(), "there")
    use(ledger, server(), "gone")
    in_use = take(ledger, server(), "starting")
    asked_at = time.monotonic()
    ledger.settle(Standing(servers=(loaded("there"),)), asked_at=asked_at)
    assert ledger.free().memory_mib == 800
    ledger.release(in_use)
    ledger.settle(Standing(servers=(loaded("there"),)), asked_at=asked_at)
    assert ledger.free().memory_mib == 800
    ledger.settle(Standing(servers=(loaded("there"),)), asked_at=time.monotonic())
    assert ledger.free().memory_mib == 900


def test_spares_take_the_room_that_is_left(make: Callable[..., ResourceLedger]) -> None:
    ledger = make(memory_mib=350)
    grant = take(ledger, with_spares(3), "p")
    assert grant.spare_room is not None
    assert grant.spare_room.counts == {("p", ()): 2}
    ledger.release(grant)
    assert ledger.spare_room().counts == {("p", ()): 3}
    assert ledger.free().memory_mib == 50


def test_a_job_takes_over_the_room_of_its_spare(make: Callable[..., ResourceLedger], stage: Stage) -> None:
    ledger = make(cards=1)
    wanted = with_spares(1, gpus=1)
    first = take(ledger, wanted, "p")
    assert first.spare_room is not None
    assert first.spare_room.counts == {}
    ledger.release(first)
    assert ledger.spare_room().counts == {("p", ("card-0",)): 1}
    second = take(ledger, wanted, "p")
    assert second.gpu_ids == ("card-0",)
    assert second.spare_room is not None
    assert second.spare_room.counts == {}
    assert not stage.evictions


def test_spares_give_way_and_do_not_come_back_before_the_next_job(
    make: Callable[..., ResourceLedger], stage: Stage
) -> None:
    ledger = make(memory_mib=300)
    use(ledger, with_spares(3), "p")
    large = take(ledger, manifest(memory_mib=150), "large")
    assert stage.evicted == ["p"]
    assert stage.evictions[0].room.counts == {("p", ()): 1}
    ledger.release(large)
    assert ledger.spare_room().counts == {("p", ()): 1}
    use(ledger, with_spares(3), "p")
    assert ledger.spare_room().counts == {("p", ()): 3}


def test_spares_that_the_executor_gave_up_are_struck_off(make: Callable[..., ResourceLedger]) -> None:
    ledger = make()
    use(ledger, with_spares(2), "p")
    ledger.settle(Standing(spares=(shelf("p"),)), asked_at=time.monotonic())
    assert ledger.free().memory_mib == 800
    ledger.settle(Standing(), asked_at=time.monotonic())
    assert ledger.free().memory_mib == 1000
    assert ledger.spare_room().counts == {}


def test_a_later_word_on_spares_has_a_higher_serial(make: Callable[..., ResourceLedger]) -> None:
    ledger = make()
    first = take(ledger, with_spares(1), "p").spare_room
    assert first is not None
    assert ledger.spare_room().serial > first.serial


def test_spares_used_no_longer_give_way_to_those_of_a_later_version(
    make: Callable[..., ResourceLedger], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precedence, "IN_TURN_S", 0.0)
    ledger = make(memory_mib=300)
    use(ledger, with_spares(2), "old")
    use(ledger, with_spares(2), "new")
    assert ledger.spare_room().counts == {("old", ()): 2, ("new", ()): 1}
    ledger.let_spares_give_way()
    assert stage.evicted == ["old"]
    assert ledger.spare_room().counts == {("old", ()): 1, ("new", ()): 2}
    ledger.let_spares_give_way()
    assert stage.evicted == ["old"]


def test_spares_of_versions_used_in_turn_stay(make: Callable[..., ResourceLedger], stage: Stage) -> None:
    ledger = make(memory_mib=300)
    for _ in range(3):
        use(ledger, with_spares(2), "first")
        use(ledger, with_spares(2), "second")
        ledger.let_spares_give_way()
    assert ledger.spare_room().counts == {("first", ()): 2, ("second", ()): 1}
    assert not stage.evictions
