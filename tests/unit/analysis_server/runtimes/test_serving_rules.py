"""Whose a log line is, who shares a request, and how long a start waits."""

from __future__ import annotations

import itertools
from typing import Any

from analysis_server.runtimes.serving.limits import ServerLimits
from analysis_server.runtimes.serving.replica_set import ReplicaSet
from analysis_server.runtimes.serving.stderr_router import StderrRouter
from tests.unit.analysis_server.runtimes.server_runs import request_of, run_of


def log_of(run: Any) -> str:
    run.succeed(b"1")
    stored = run.wait(0).log
    return stored.text() if stored else ""


def router_for(owner_id: int = 1, *, begin_marks: bool = False) -> StderrRouter:
    router = StderrRouter(plugin="tried", started_for=owner_id)
    router.begin_marks = begin_marks
    return router


def test_lines_before_and_after_a_job_belong_to_nobody() -> None:
    router, first, second = router_for(), run_of(1), run_of(2)
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
    router, ada, bob = router_for(1), run_of(1, owner_id=1), run_of(2, owner_id=2)
    router.begin([ada])
    router.write(b"of ada\n")
    router.begin(())
    router.begin([bob])
    router.write(b"late, of ada\n::progress 0.5 late, of ada\n")
    assert router.withheld
    router.write(b"::progress@2.1 1 of bob\n")
    again = run_of(3, owner_id=1)
    router.begin([again])
    router.write(b"late, of bob\n")
    assert [log_of(run) for run in (ada, bob, again)] == ["of ada\n", "", ""]
    assert bob.wait(0).progress == 1  # type: ignore[union-attr]


def test_a_server_that_was_started_for_another_has_served_another() -> None:
    router, bob = router_for(1), run_of(2, owner_id=2)
    router.begin([bob])
    router.write(b"loaded for ada\n")
    assert log_of(bob) == ""


def test_between_its_marks_a_line_is_of_the_present_job_whoever_was_served_before() -> None:
    router, ada, bob = router_for(1, begin_marks=True), run_of(1, owner_id=1), run_of(2, owner_id=2)
    router.begin([ada])
    router.write(b"loading\n\n::begin@1.1\nof ada\nunfinished")
    router.begin([bob])
    router.write(b", of ada\n\n::begin@1.1\nlate, of ada\n\n::begin@2.1\nof bob\n::end@2.1\nlate, of bob\n")
    assert log_of(ada) == "of ada\n"
    assert log_of(bob) == "of bob\n"


def test_no_line_of_a_mixed_batch_is_told_but_progress_is() -> None:
    router = router_for(1, begin_marks=True)
    runs = [run_of(1, owner_id=1), run_of(2, owner_id=2)]
    router.begin(runs)
    router.write(b"\n::begin@1.1\nof one of them\n::progress@2.1 0.5 half\n")
    assert [log_of(run) for run in runs] == ["", ""]
    assert [run.wait(0).progress for run in runs] == [None, 0.5]  # type: ignore[union-attr]


def test_a_line_without_end_does_not_fill_memory() -> None:
    router, run = router_for(), run_of(1)
    router.begin([run])
    for _ in range(100):
        router.write(b"x" * 10_000)
    assert len(router._partial.rest()) < 100_000


BATCH = {"max_size": 3, "max_wait_ms": 60_000}


def test_a_batch_is_of_whoever_waits_longest_and_a_full_one_need_not_wait() -> None:
    replicas = ReplicaSet(request_of(batch=BATCH))
    replicas.queue.extend(
        run_of(number, owner_id=owner, batch=BATCH) for number, owner in enumerate([1, 2, 2, 1, 2, 2])
    )
    # The one of owner 1 is not full, and has not waited.
    assert [run.id for run in replicas.take_runs()] == ["1.1", "2.1", "4.1"]
    assert replicas.take_runs() == []
    for run in replicas.queue:
        run.entered_at -= 61
    assert [run.id for run in replicas.take_runs()] == ["0.1", "3.1"]
    assert [run.id for run in replicas.take_runs()] == ["5.1"]


def test_nobodys_stream_of_jobs_holds_up_anothers() -> None:
    replicas = ReplicaSet(request_of(batch={"max_size": 2, "max_wait_ms": 0}))
    numbers = itertools.count(10)
    replicas.queue.extend([run_of(1, owner_id=1), run_of(2, owner_id=1), run_of(3, owner_id=2)])
    served = []
    for _ in range(4):
        served.append({run.request.owner_id for run in replicas.take_runs()})
        replicas.queue.extend(run_of(next(numbers), owner_id=1) for _ in range(2))
    assert served[1] == {2}


def test_a_plugin_that_may_mix_gathers_all() -> None:
    replicas = ReplicaSet(request_of(batch={**BATCH, "across_owners": True}))
    replicas.queue.extend(run_of(number, owner_id=number) for number in range(3))
    assert len(replicas.take_runs()) == 3


def test_a_batch_goes_when_it_is_full_or_has_waited() -> None:
    replicas = ReplicaSet(request_of(batch=BATCH))
    replicas.queue.extend(run_of(number, batch=BATCH) for number in range(5))
    assert [run.id for run in replicas.take_runs()] == ["0.1", "1.1", "2.1"]
    assert replicas.take_runs() == []
    replicas.queue[0].entered_at -= 61
    assert [run.id for run in replicas.take_runs()] == ["3.1", "4.1"]


def test_without_a_batch_policy_each_goes_alone_and_at_once() -> None:
    replicas = ReplicaSet(request_of())
    replicas.queue.extend(run_of(number) for number in range(2))
    assert len(replicas.take_runs()) == 1


def test_the_template_keeps_nothing_of_the_job() -> None:
    replicas = ReplicaSet(request_of(5, job={"private": True}))
    template = replicas.template_for(())
    assert template.input_json == b""
    assert template.job_id == 0


def test_starts_wait_longer_after_each_failure_and_not_for_ever() -> None:
    limits = ServerLimits(backoff_s=0.2, backoff_max_s=30)
    waits = [limits.backoff_after(failures) for failures in (0, 1, 2, 3, 500)]
    assert waits == [0, 0.2, 0.4, 0.8, 30]
