"""Gathers the metrics of this process, or of all that share its folder, for a scrape."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, Metric, generate_latest, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from operation_server.metrics import definitions as _definitions  # noqa: F401  # So that all of them show.
from operation_server.metrics.folder import forget_dead_processes, shared_folder
from operation_server.settings import MetricsSettings

log = structlog.get_logger(__name__)


class ProcessMetrics(Collector):
    """The metrics of the shared folder where there is one, else of this process."""

    def collect(self) -> Iterable[Metric]:
        """Yield them as they are now."""
        folder = shared_folder()
        if folder is None:
            return REGISTRY.collect()
        forget_dead_processes(folder)
        shared: Collector = MultiProcessCollector(CollectorRegistry(), path=str(folder))  # type: ignore[no-untyped-call]
        return shared.collect()


def render(*more: Collector) -> bytes:
    """Return the text of a scrape, with what `more` has to add."""
    registry = CollectorRegistry()
    for collector in (ProcessMetrics(), *more):
        registry.register(collector)
    return generate_latest(registry)


def serve_metrics(settings: MetricsSettings) -> None:
    """Answer scrapes on a port of this process's own, if one is set; for processes that serve no HTTP."""
    if not settings.port:
        return
    registry = CollectorRegistry()
    registry.register(ProcessMetrics())
    try:
        start_http_server(settings.port, settings.host, registry=registry)
    except OSError as error:
        # Jobs go on without a scrape.
        log.warning("metrics cannot be served", port=settings.port, error=str(error))
