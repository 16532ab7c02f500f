"""What the results consumer tells ends up in the right series, and their number is bounded."""

from __future__ import annotations

from prometheus_client import REGISTRY

from operation_server.metrics import recording
from operation_server.metrics.pending import hand_on

TIMINGS = {
    "queued": 3.0, "dispatched": 2.0, "claimed": 0.5, "prepared": 0.5, "ran": 9.0, "reported": 0.0,
    "committed": 5.0, "total": 20.0, "start": "standby",
}  # fmt: skip


def value(name: str, **labels: str) -> float:
    hand_on()
    return REGISTRY.get_sample_value(name, labels) or 0


def end(plugin_name: str = "p", *, has_ended: bool = True) -> None:
    recording.attempt_ended(
        plugin_name=plugin_name, outcome="completed", status="completed", has_ended=has_ended, timings=TIMINGS
    )


def test_each_phase_is_counted_in_seconds() -> None:
    before = value("satellite_job_phase_seconds_sum", phase="ran", start="standby")
    end()

    assert value("satellite_job_phase_seconds_sum", phase="ran", start="standby") - before == 0.009
    assert value("satellite_job_phase_seconds_count", phase="total", start="standby") == 0


def test_an_attempt_that_is_tried_again_ends_no_job() -> None:
    jobs = value("satellite_job_seconds_count", status="completed")
    attempts = value("satellite_attempts_ended_total", plugin_name="again", outcome="completed")
    end("again", has_ended=False)

    assert value("satellite_job_seconds_count", status="completed") == jobs
    assert value("satellite_attempts_ended_total", plugin_name="again", outcome="completed") == attempts + 1


def test_very_many_plugins_are_counted_together() -> None:
    for number in range(recording.MOST_PLUGINS + 10):
        end(f"many-{number}")

    assert value("satellite_attempts_ended_total", plugin_name="(others)", outcome="completed") >= 10
