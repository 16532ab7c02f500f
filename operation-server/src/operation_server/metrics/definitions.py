"""Every metric, each defined once. Names and labels are what dashboards and alerts depend on."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, disable_created_metrics

from operation_server.metrics.folder import prepare_folder
from operation_server.metrics.pending import TalliedHistogram

disable_created_metrics()  # type: ignore[no-untyped-call]
prepare_folder()

JOB_BUCKETS_S: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
)  # fmt: skip
REQUEST_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
BATCH_BUCKETS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)

JOB_PHASE = TalliedHistogram(
    "satellite_job_phase_seconds",
    "Where the time of finished jobs went; the phases of a job add up to satellite_job_seconds.",
    ["phase", "start"],
    buckets=JOB_BUCKETS_S,
)
JOB = TalliedHistogram(
    "satellite_job_seconds",
    "Submission to end of jobs whose last attempt a worker reported.",
    ["status"],
    buckets=JOB_BUCKETS_S,
)
ATTEMPTS = Counter(
    "satellite_attempts_ended", "Attempts by what a worker reported.", ["plugin_name", "outcome"]
)
OUTCOMES = Counter(
    "satellite_outcomes", "Reports of an attempt's end: applied, or stale and dropped.", ["fate"]
)
REJECTED = Counter("satellite_reports_rejected", "Reports of workers that could not be applied.")
PUT_ASIDE = Counter(
    "satellite_dispatch_put_aside", "Times that something was left alone, because it fails.", ["what"]
)
RECONCILER_FAULTS = Counter(
    "satellite_reconciler_faults", "What the reconciler could not do for an unforeseen reason.", ["work"]
)
REPAIRED = Counter("satellite_attempts_repaired", "Attempts the reconciler ended or gave back.", ["reason"])
DISPATCH_BATCH = TalliedHistogram(
    "satellite_dispatch_batch_jobs", "Jobs sent in one round.", buckets=BATCH_BUCKETS
)
RESULTS_BATCH = TalliedHistogram(
    "satellite_results_batch_reports", "Reports applied in one transaction.", buckets=BATCH_BUCKETS
)
LOOP_REST = Counter(
    "satellite_loop_rest_seconds",
    "How long loops rested after a round, to gather what comes meanwhile.",
    ["loop"],
)
EVENTS = Counter("satellite_events_published", "Durable events handed to the stream.", ["type"])
REQUEST = TalliedHistogram(
    "satellite_http_request_seconds",
    "Arrival of a request to the first byte of its answer.",
    ["method", "route", "status"],
    buckets=REQUEST_BUCKETS_S,
)
SPANS_DROPPED = Counter("satellite_spans_dropped", "Spans of traces that no collector took.")
REFUSING = Gauge(
    "satellite_refusing",
    "1 while a process does not work: its database is of another release, or was recovered from a backup.",
    multiprocess_mode="livemax",
)
LIVE_CLIENTS = Gauge(
    "satellite_live_clients", "Open WebSockets and event streams.", multiprocess_mode="livesum"
)
