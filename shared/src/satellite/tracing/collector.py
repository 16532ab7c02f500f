"""The tracer of OpenTelemetry: spans go to a collector by OTLP over HTTP, from a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from satellite.settings.observability import TracingSettings
from satellite.tracing.spans import NO_SPAN, Attribute, Span

WAITING_MAX = 2_048
"""Spans beyond these are dropped while the collector is away or slow: a trace must not cost a job."""
CLOSE_WITHIN_S = 2.0

_TRACEPARENT = TraceContextTextMapPropagator()


class CollectorTracer:
    """A `Tracer`."""

    def __init__(self, settings: TracingSettings, *, process: str, dropped: Callable[[int], None]) -> None:
        """Start the thread; the collector is not asked for anything yet."""
        self._exporter = CountingExporter(OTLPSpanExporter(endpoint=settings.traces_url), dropped)
        self._provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: process}),
            sampler=ParentBasedTraceIdRatio(settings.sample_ratio),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BoundedProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("satellite")

    def begin(self, name: str, parent: str | None, attributes: dict[str, Attribute]) -> Span:
        """Return a span; one that does nothing if its parent is not traced, or chance has not chosen it."""
        # Of a header that is no `traceparent` nothing is taken, as the standard wants it.
        context = _TRACEPARENT.extract({"traceparent": parent} if parent else {})
        begun = self._tracer.start_span(name, context, attributes=_named(attributes))
        return _CollectorSpan(begun) if begun.is_recording() else NO_SPAN

    def close(self) -> None:
        """Send what is left; what the collector does not take within `CLOSE_WITHIN_S` is dropped."""
        flushing = threading.Thread(target=self._provider.force_flush, daemon=True)
        flushing.start()
        flushing.join(CLOSE_WITHIN_S)
        # Ends a retry that is under way, for which closing would wait otherwise.
        self._exporter.shutdown()
        self._provider.shutdown()


class _CollectorSpan(Span):
    """A span of OpenTelemetry."""

    def __init__(self, begun: trace.Span) -> None:
        self._span = begun
        carrier: dict[str, str] = {}
        _TRACEPARENT.inject(carrier, trace.set_span_in_context(begun))
        self.traceparent = carrier["traceparent"]

    def note(self, **attributes: Attribute) -> None:
        """Tell something of the work that was not known when it began."""
        self._span.set_attributes(_named(attributes))

    def end(self, *, error: BaseException | None = None) -> None:
        """End the work; of an error only its kind is told, because users have a say in its message."""
        if not self._span.is_recording():
            return
        if error is not None:
            self._span.set_status(trace.StatusCode.ERROR, type(error).__name__)
        self._span.end()


class CountingExporter(SpanExporter):
    """Hands spans to the collector, and counts those that wait for that and those that were dropped."""

    def __init__(self, exporter: SpanExporter, dropped: Callable[[int], None]) -> None:
        """Tell `dropped` how many spans were dropped, each time some are."""
        self._exporter = exporter
        self._dropped = dropped
        self._waiting = 0
        self._counting = threading.Lock()

    def admit(self) -> bool:
        """Count a span in; False when too many wait already, and then it is dropped."""
        with self._counting:
            if self._waiting >= WAITING_MAX:
                self._dropped(1)
                return False
            self._waiting += 1
            return True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans, and try again for as long as OpenTelemetry's own settings say."""
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        finally:
            with self._counting:
                self._waiting -= len(spans)
                if result is not SpanExportResult.SUCCESS:
                    self._dropped(len(spans))
        return result

    def shutdown(self) -> None:
        """Send no more."""
        self._exporter.shutdown()


class BoundedProcessor(SpanProcessor):
    """Lets spans wait for their batch; what OpenTelemetry's own drops it only warns of."""

    def __init__(self, exporter: CountingExporter) -> None:
        self._exporter = exporter
        self._batches = BatchSpanProcessor(exporter, max_queue_size=2 * WAITING_MAX)

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span that has ended."""
        if self._exporter.admit():
            self._batches.on_end(span)

    def shutdown(self) -> None:
        """End the thread."""
        self._batches.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits."""
        return self._batches.force_flush(timeout_millis)


def _named(attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    return {f"satellite.{name}": value for name, value in attributes.items()}
