"""Whose a log line is, who shares a request, who makes room, and how long a start waits."""

from __future__ import annotations

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


def test_lines_before_and_after_a_job_belong_to_nobody() -> None:
    router, first, second = StderrRouter(), call_of(1), call_of(2)
    router.write(b"loading\n")
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
    assert router.tail() == "loading\nlate secret\n"


def test_a_line_without_end_does_not_fill_memory() -> None:
    router, call = StderrRouter(), call_of(1)
    router.begin([call])
    for _ in range(100):
        router.write(b"x" * 10_000)
    assert len(router._partial.rest()) < 100_000


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
