"""Which jobs are traced, how spans hang together, and what becomes of them without a collector."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import structlog

from satellite.settings.observability import TracingSettings
from satellite.tracing import collector as tracer_of_collector
from satellite.tracing.spans import (
    NO_SPAN,
    Span,
    ending_all,
    in_log_lines,
    root_span,
    span,
    start_tracing,
    stop_tracing,
    trace_id_of,
)
from tests.fixtures.collector import Collector, running_collector
from tests.fixtures.servers import wait_until

TRACE = "0af7651916cd43dd8448eb211c80319c"
SAMPLED = f"00-{TRACE}-b7ad6b7169203331-01"
NOT_SAMPLED = f"00-{TRACE}-b7ad6b7169203331-00"

Start = Callable[[float], None]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


@pytest.fixture
def dropped() -> list[int]:
    return []


@pytest.fixture
def start(collector: Collector, dropped: list[int]) -> Iterator[Start]:
    """Start tracing with a share of jobs."""

    def starts(ratio: float) -> None:
        settings = TracingSettings(endpoint=collector.url, sample_ratio=ratio)
        start_tracing(settings, process="tests", dropped=dropped.append)

    yield starts
    stop_tracing()


def test_nothing_is_traced_or_imported_where_no_collector_is_named() -> None:
    modules = "operation_server.main, operation_server.dispatch.processes, analysis_server.lifecycle.worker"
    script = f"""
import sys, {modules}
from satellite.settings.observability import TracingSettings
from satellite.tracing.spans import NO_SPAN, root_span, start_tracing
start_tracing(TracingSettings(), process="tests")
assert root_span("submit", "{SAMPLED}") is NO_SPAN
# The library of Redis imports the SDK's metrics wherever they are installed.
ours = ("satellite.tracing.collector", "opentelemetry.sdk.trace", "opentelemetry.exporter")
print([name for name in sys.modules if name.startswith(ours)])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("ratio", "header", "is_traced"),
    [(0, None, False), (1, None, True), (0, SAMPLED, True), (1, NOT_SAMPLED, False), (1, "nonsense", True)],
)
def test_the_submitter_decides_and_else_chance(
    start: Start, ratio: float, header: str | None, is_traced: bool
) -> None:
    start(ratio)
    begun = root_span("submit", header)
    assert (begun is not NO_SPAN) is is_traced
    if header == SAMPLED:
        assert trace_id_of(str(begun.traceparent)) == TRACE
    assert span("dispatch", None) is NO_SPAN


def test_a_span_is_below_the_one_it_is_told_of(start: Start, collector: Collector) -> None:
    start(1)
    with root_span("submit", SAMPLED, plugin="adder") as first, span("dispatch", first.traceparent) as second:
        second.note(attempt=1)
    stop_tracing()

    submit, dispatch = collector.named("submit")[0], collector.named("dispatch")[0]
    assert (submit.trace_id, submit.parent_id) == (TRACE, "b7ad6b7169203331")
    assert (dispatch.trace_id, dispatch.parent_id) == (TRACE, submit.span_id)
    assert (submit.process, submit.attributes) == ("tests", {"satellite.plugin": "adder"})
    assert dispatch.attributes == {"satellite.attempt": 1}


def test_of_an_error_its_kind_is_told_and_not_its_words(start: Start, collector: Collector) -> None:
    def fail(spans: list[Span]) -> None:
        with ending_all(spans):
            raise ValueError("hunter2")

    start(1)
    with pytest.raises(ValueError, match="hunter2"):
        fail([root_span("transition", None), root_span("transition", None)])
    stop_tracing()

    assert [each.error for each in collector.named("transition")] == ["ValueError", "ValueError"]


def test_spans_that_no_collector_takes_are_counted(
    start: Start, collector: Collector, dropped: list[int]
) -> None:
    collector.status = 400
    start(1)
    root_span("submit", None).end()
    stop_tracing()
    wait_until(lambda: sum(dropped) == 1)
    assert collector.spans == []


def test_spans_beyond_those_that_may_wait_are_counted(
    start: Start, dropped: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    start(1)
    monkeypatch.setattr(tracer_of_collector, "WAITING_MAX", 5)
    for _ in range(8):
        root_span("submit", None).end()
    assert sum(dropped) == 3


def test_lines_that_are_logged_meanwhile_name_the_trace() -> None:
    with in_log_lines(SAMPLED):
        assert structlog.contextvars.get_contextvars()["trace_id"] == TRACE
    with in_log_lines(None):
        assert "trace_id" not in structlog.contextvars.get_contextvars()
