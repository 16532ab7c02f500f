"""Spans: what servers write into the trace of a job, which goes with it as a W3C `traceparent`.

A job that is not traced has no `traceparent`, and then all of this does nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, Self, TypeAlias

import structlog

from satellite.settings.observability import TracingSettings

Attribute: TypeAlias = str | int | float | bool


class Span:
    """A piece of work, told of once it has ended; this one stands for work that nobody traces."""

    traceparent: str | None = None
    """What goes on with the trace from here, as in the header of this name."""

    def note(self, **attributes: Attribute) -> None:
        """Tell something of the work that was not known when it began."""

    def end(self, *, error: BaseException | None = None) -> None:
        """End the work; safe to repeat, and then the first end counts."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(error=error)


NO_SPAN = Span()


class Tracer(Protocol):
    """Makes the spans of one process."""

    def begin(self, name: str, parent: str | None, attributes: dict[str, Attribute]) -> Span:
        """Return a span below another one, which another process may have made, or the first of a trace."""

    def close(self) -> None:
        """Send what is left, for a short while."""


_tracer: Tracer | None = None


def start_tracing(
    settings: TracingSettings, *, process: str, dropped: Callable[[int], None] = lambda _: None
) -> None:
    """Let this process trace if a collector is named; `dropped` is told how many spans nobody will see."""
    global _tracer  # noqa: PLW0603  # As with logging, there is one for the whole process.
    if settings.endpoint is not None and _tracer is None:
        # Imported here: it costs 0.13 s and 11 MiB, which those who do not trace shall not pay.
        from satellite.tracing.collector import CollectorTracer  # noqa: PLC0415

        _tracer = CollectorTracer(settings, process=process, dropped=dropped)


def stop_tracing() -> None:
    """Send what is left, for a short while; no span is made any more."""
    global _tracer
    tracer, _tracer = _tracer, None
    if tracer is not None:
        tracer.close()


def root_span(name: str, header: str | None, **attributes: Attribute) -> Span:
    """Begin the trace of a job, if its submitter traces or chance chooses it."""
    return NO_SPAN if _tracer is None else _tracer.begin(name, header, attributes)


def span(name: str, parent: str | None, **attributes: Attribute) -> Span:
    """Begin a span below `parent`; nothing where that is None."""
    return NO_SPAN if _tracer is None or parent is None else _tracer.begin(name, parent, attributes)


@contextlib.contextmanager
def ending_all(spans: list[Span]) -> Iterator[None]:
    """End spans of work that is done for many jobs at once, however it ends."""
    try:
        yield
    except BaseException as error:
        for each in spans:
            each.end(error=error)
        raise
    for each in spans:
        each.end()


def in_log_lines(traceparent: str | None) -> contextlib.AbstractContextManager[object]:
    """Give the lines that are logged meanwhile the id of a trace."""
    if traceparent is None:
        return contextlib.nullcontext()
    return structlog.contextvars.bound_contextvars(trace_id=trace_id_of(traceparent))


def trace_id_of(traceparent: str) -> str:
    """Return the id of the trace that a `traceparent` belongs to."""
    return traceparent.split("-")[1]
