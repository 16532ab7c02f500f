"""The phases of a job add up, whatever the clocks say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operation_server.jobs.schemas import timeline_of
from operation_server.jobs.transitions.timings import job_timings
from satellite.contracts.outcome import StartKind, WorkerTimings
from satellite.contracts.phases import PHASES

CREATED = datetime(2026, 1, 2, tzinfo=UTC)


def after(milliseconds: float) -> datetime:
    return CREATED + timedelta(milliseconds=milliseconds)


def timings(
    *, dispatched_ms: float | None, completed_ms: float, worker: WorkerTimings | None, committed_ms: float = 0
) -> dict[str, Any]:
    return job_timings(
        created_at=CREATED,
        dispatched_at=None if dispatched_ms is None else after(dispatched_ms),
        completed_at=after(completed_ms),
        worker=worker,
        committed_ms=committed_ms,
    )


def test_what_nobody_measured_is_the_way_through_the_broker() -> None:
    worker = WorkerTimings(claimed_ms=1, prepared_ms=2, ran_ms=30, reported_ms=0.5, start=StartKind.WARM)
    found = timings(dispatched_ms=10, completed_ms=60, worker=worker, committed_ms=4)

    assert found == {
        "queued": 10, "dispatched": 12.5, "claimed": 1, "prepared": 2, "ran": 30, "reported": 0.5,
        "committed": 4, "total": 60, "start": "warm",
    }  # fmt: skip


def test_a_job_that_never_left_the_queue_was_queued_all_the_time() -> None:
    found = timings(dispatched_ms=None, completed_ms=60, worker=None)

    assert (found["queued"], found["total"], found["start"]) == (60, 60, None)


def test_an_attempt_nobody_reported_was_dispatched_all_the_time() -> None:
    found = timings(dispatched_ms=10, completed_ms=60, worker=None)

    assert (found["queued"], found["dispatched"], found["start"]) == (10, 50, None)


def test_a_commit_that_waited_behind_the_end_is_cut() -> None:
    found = timings(dispatched_ms=10, completed_ms=20, worker=WorkerTimings(ran_ms=8), committed_ms=9)

    assert (found["dispatched"], found["ran"], found["committed"]) == (0, 8, 2)


durations = st.floats(min_value=0, max_value=1e8)


@given(
    dispatched_ms=st.none() | st.floats(min_value=-1e6, max_value=1e8),
    completed_ms=st.floats(min_value=-1e6, max_value=1e8),
    phases=st.tuples(durations, durations, durations, durations),
    committed_ms=durations,
)
def test_none_is_negative_and_they_add_up(
    dispatched_ms: float | None, completed_ms: float, phases: tuple[float, ...], committed_ms: float
) -> None:
    claimed, prepared, ran, reported = phases
    worker = WorkerTimings(claimed_ms=claimed, prepared_ms=prepared, ran_ms=ran, reported_ms=reported)
    found = timings(
        dispatched_ms=dispatched_ms, completed_ms=completed_ms, worker=worker, committed_ms=committed_ms
    )

    assert all(found[phase] >= 0 for phase in PHASES)
    assert sum(found[phase] for phase in PHASES) == pytest.approx(found["total"], abs=0.01)


def test_each_phase_of_the_time_line_begins_where_the_one_before_it_ended() -> None:
    worker = WorkerTimings(claimed_ms=1, prepared_ms=2, ran_ms=30, reported_ms=0.5)
    found = timings(dispatched_ms=10, completed_ms=60, worker=worker, committed_ms=4)
    line = timeline_of({"id": 7, "attempt": 1, "timings": found})

    assert [phase.phase for phase in line.phases] == list(PHASES)
    assert [phase.start_ms for phase in line.phases] == [0, 10, 22.5, 23.5, 25.5, 55.5, 56]
    assert line.total_ms == line.phases[-1].start_ms + line.phases[-1].duration_ms


def test_a_job_without_an_end_has_an_empty_time_line() -> None:
    line = timeline_of({"id": 7, "attempt": 0, "timings": None})

    assert (line.phases, line.total_ms, line.start) == ([], None, None)
