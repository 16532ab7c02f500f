"""A job's phases as bars."""

from __future__ import annotations

from satellite.cli.timeline import WIDTH, timeline_lines

TIMINGS = {
    "queued": 250.0, "dispatched": 0.0, "claimed": 0.1, "prepared": 0.0, "ran": 500.0, "reported": 0.0,
    "committed": 249.9, "total": 1_000.0, "start": "cold",
}  # fmt: skip


def test_bars_lie_where_their_phases_lie() -> None:
    head, *lines = timeline_lines(TIMINGS)
    bars = {line.split()[0]: line[24:] for line in lines}

    assert head == "timings     1.00 s in all, cold start"
    assert bars["queued"] == "█" * (WIDTH // 4)
    assert bars["ran"] == " " * (WIDTH // 4) + "█" * (WIDTH // 2)
    assert bars["dispatched"] == ""
    assert bars["claimed"].strip() == "▏"
    assert all(len(bar) <= WIDTH for bar in bars.values())


def test_a_job_that_no_worker_reported_has_no_start() -> None:
    head, *_ = timeline_lines({"queued": 90_000.0, "total": 90_000.0, "start": None})

    assert head == "timings     1 min 30 s in all"


def test_no_time_at_all_is_no_error() -> None:
    assert len(timeline_lines({"total": 0, "start": None})) == 8
