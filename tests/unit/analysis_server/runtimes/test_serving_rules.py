"""Whose a log line is, who shares a request, who makes room, and how long a start waits."""

from __future__ import annotations

import itertools
import threading
from typing import Any, cast

from analysis_server.runtimes.serving.desk import Desk
from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.room import choose_victims, has_room
from analysis_server.runtimes.serving.server import PluginServer
from analysis_server.runtimes.serving.stderr_router import StderrRouter
from tests.unit.analysis_server.runtimes.calls import call_of, request_of


def log_of(call: Any) -> str:
    call.succeed(b"1")
    stored = call.wait(0).log
    return stored.text() if stored else ""


def router_for(owner_id: int = 1, *, begin_marks: bool = False) -> StderrRouter:
    router = StderrRouter(plugin="tried", started_for=owner_id)
    router.begin_marks = begin_marks
    return router


def test_lines_before_and_after_a_job_belong_to_nobody() -> None:
    router, first, second = router_for(), call_of(1), call_of(2)
    router.write(b"loading\n")
    assert router.startup_tail() == "loading\n"
    router.begin([first])
    router.write(b"of the first\n::progress@1.1 0.5 half\n::end@1.1\nlate secret\n")
    assert router.ended
    router.begin([second])
    router.write(b"of the ")
    router.write(b"second\n::progress@1.1 0.9 stale\n")
    assert log_of(first) == "of the first\n"
    assert log_of(second) == "of the second\n"
    assert first.wait(0).progress == 0.5  # type: ignore[union-attr]
    assert second.wait(0).progress is None  # type: ignore[union-attr]
    assert router.startup_tail() is None


def test_without_marks_nobody_is_told_lines_once_two_have_been_served() -> None:
    router, ada, bob = router_for(1), call_of(1, owner_id=1), call_of(2, owner_id=2)
    router.begin([ada])
    router.write(b"of ada\n")
    router.begin(())
    router.begin([bob])
    router.write(b"late, of ada\n::progress 0.5 late, of ada\n")
    assert router.withheld
    router.write(b"::progress@2.1 1 of bob\n")
    again = call_of(3, owner_id=1)
    router.begin([again])
    router.write(b"late, of bob\n")
    assert [log_of(call) for call in (ada, bob, again)] == ["of ada\n", "", ""]
    assert bob.wait(0).progress == 1  # type: ignore[union-attr]


def test_a_server_that_was_started_for_another_has_served_another() -> None:
    router, bob = router_for(1), call_of(2, owner_id=2)
    router.begin([bob])
    router.write(b"loaded for ada\n")
    assert log_of(bob) == ""


def test_between_its_marks_a_line_is_of_the_present_job_whoever_was_served_before() -> None:
    router, ada, bob = router_for(1, begin_marks=True), call_of(1, owner_id=1), call_of(2, owner_id=2)
    router.begin([ada])
    router.write(b"loading\n\n::begin@1.1\nof ada\nunfinished")
    router.begin([bob])
    router.write(b", of ada\n\n::begin@1.1\nlate, of ada\n\n::begin@2.1\nof bob\n::end@2.1\nlate, of bob\n")
    assert log_of(ada) == "of ada\n"
    assert log_of(bob) == "of bob\n"


def test_no_line_of_a_mixed_batch_is_told_but_progress_is() -> None:
    router = router_for(1, begin_marks=True)
    calls = [call_of(1, owner_id=1), call_of(2, owner_id=2)]
    router.begin(calls)
    router.write(b"\n::begin@1.1\nof one of them\n::progress@2.1 0.5 half\n")
    assert [log_of(call) for call in calls] == ["", ""]
    assert [call.wait(0).progress for call in calls] == [None, 0.5]  # type: ignore[union-attr]


def test_a_line_without_end_does_not_fill_memory() -> None:
    router, call = router_for(), call_of(1)
    router.begin([call])
    for _ in range(100):
        router.write(b"x" * 10_000)
    assert len(router._partial.rest()) < 100_000


BATCH = {"max_size": 3, "max_wait_ms": 60_000}


def test_a_batch_is_of_whoever_waits_longest_and_a_full_one_need_not_wait() -> None:
    desk = Desk(request_of(batch=BATCH))
    desk.queue.extend(call_of(number, owner_id=owner) for number, owner in enumerate([1, 2, 2, 1, 2, 2]))
    # The one of owner 1 is not full, and has not waited.
    assert [call.id for call in desk.take_calls()] == ["1.1", "2.1", "4.1"]
    assert desk.take_calls() == []
    for call in desk.queue:
        call.entered_at -= 61
    assert [call.id for call in desk.take_calls()] == ["0.1", "3.1"]
    assert [call.id for call in desk.take_calls()] == ["5.1"]


def test_nobodys_stream_of_jobs_holds_up_anothers() -> None:
    desk = Desk(request_of(batch={"max_size": 2, "max_wait_ms": 0}))
    numbers = itertools.count(10)
    desk.queue.extend([call_of(1, owner_id=1), call_of(2, owner_id=1), call_of(3, owner_id=2)])
    served = []
    for _ in range(4):
        served.append({call.request.owner_id for call in desk.take_calls()})
        desk.queue.extend(call_of(next(numbers), owner_id=1) for _ in range(2))
    assert served[1] == {2}


def test_a_plugin_that_may_mix_gathers_all() -> None:
    desk = Desk(request_of(batch={**BATCH, "across_owners": True}))
    desk.queue.extend(call_of(number, owner_id=number) for number in range(3))
    assert len(desk.take_calls()) == 3


def test_a_batch_goes_when_it_is_full_or_has_waited() -> None:
    desk = Desk(request_of(batch={"max_size": 3, "max_wait_ms": 60_000}))
    desk.queue.extend(call_of(number) for number in range(5))
    assert [call.id for call in desk.take_calls()] == ["0.1", "1.1", "2.1"]
    assert desk.take_calls() == []
    desk.queue[0].entered_at -= 61
    assert [call.id for call in desk.take_calls()] == ["3.1", "4.1"]


def test_without_a_batch_policy_each_goes_alone_and_at_once() -> None:
    desk = Desk(request_of())
    desk.queue.extend(call_of(number) for number in range(2))
    assert len(desk.take_calls()) == 1


def test_the_template_keeps_nothing_of_the_job() -> None:
    desk = Desk(request_of(5, job={"private": True}))
    assert desk.template.input_json == b""
    assert desk.template.job_id == 0


def test_starts_wait_longer_after_each_failure_and_not_for_ever() -> None:
    limits = ServerLimits(backoff_s=0.2, backoff_max_s=30)
    waits = [limits.backoff_after(failures) for failures in (0, 1, 2, 3, 500)]
    assert waits == [0, 0.2, 0.4, 0.8, 30]


def server(*, used_at: float, memory_mib: int = 100, busy: bool = False, ready: bool = True) -> PluginServer:
    made = PluginServer(
        request_of(resources={"memory_mib": memory_mib}),
        opener=cast("Any", None),
        owner=cast("Any", None),
        lock=threading.RLock(),
        limits=ServerLimits(),
        started_for=1,
    )
    made.ready_at = 0.0 if ready else None
    made.used_at = used_at
    if busy:
        made.exchange = cast("Any", type("Busy", (), {"calls": (1,)})())
    return made


def test_idle_ones_make_room_before_busy_ones_and_old_before_young() -> None:
    old, young, busy = server(used_at=1), server(used_at=9), server(used_at=0, busy=True)
    limits = ServerLimits(servers_max=3)
    assert choose_victims([young, busy, old], memory_mib=100, limits=limits) == [old]
    assert choose_victims([busy, young], memory_mib=100, limits=ServerLimits(servers_max=1)) == [young, busy]


def test_memory_counts_and_the_only_one_always_fits() -> None:
    limits = ServerLimits(memory_mib=1_000)
    assert has_room([], memory_mib=5_000, limits=limits)
    large, small = server(used_at=1, memory_mib=800), server(used_at=0, memory_mib=100)
    assert not has_room([large, small], memory_mib=200, limits=limits)
    assert choose_victims([large, small], memory_mib=200, limits=limits) == [small]
    assert choose_victims([large, small], memory_mib=950, limits=limits) == [small, large]


def test_one_that_starts_is_left_alone() -> None:
    assert (
        choose_victims([server(used_at=0, ready=False)], memory_mib=1, limits=ServerLimits(servers_max=1))
        == []
    )
