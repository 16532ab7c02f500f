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
GPU_JOB_BUCKETS_S: Final = (
    1, 10, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 172_800, 604_800,
)  # fmt: skip
TRANSFER_BUCKETS_S: Final = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600)
ACCURACY_BUCKETS: Final = (0.1, 0.25, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1)
LOSS_BUCKETS: Final = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 100)
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
ROLLED_BACK = Counter(
    "satellite_models_rolled_back",
    "Versions taken back because they broke a limit of their rollout.",
    ["model"],
)
RUNS_ENDED = Counter("satellite_runs_ended", "Runs of workflows that have ended.", ["status"])
RUN_DEADLINES = Counter(
    "satellite_run_deadlines_passed", "Runs that were cancelled because their deadline had passed."
)
TICK_LAG = TalliedHistogram(
    "satellite_tick_lag_seconds",
    "From a tick of a schedule to the transaction in which its run began.",
    buckets=JOB_BUCKETS_S,
)
RUN_FAULTS = Counter("satellite_run_faults", "Times that a run could not be advanced.")
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
NOTIFICATIONS_SENT = Counter(
    "satellite_notifications_sent",
    "Attempts to tell somebody something, by channel and what came of it.",
    ["channel", "outcome"],
)
NOTIFICATION_LAG = TalliedHistogram(
    "satellite_notification_lag_seconds",
    "From when something was to be told to the first attempt to tell it.",
    buckets=JOB_BUCKETS_S,
)
NOTIFICATIONS_OVERDUE = Gauge(
    "satellite_notifications_overdue_seconds",
    "For how long the notification that waits longest could have been sent.",
    multiprocess_mode="livemax",
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

# Of jobs on clusters, under the names that users of the earlier design know.
GPU_JOBS_SUBMITTED = Counter("gpu_jobs_submitted", "Jobs for clusters that were submitted.")
GPU_JOBS_COMPLETED = Counter("gpu_jobs_completed", "Jobs on clusters that have completed.")
GPU_JOBS_FAILED = Counter("gpu_jobs_failed", "Jobs on clusters that have failed for good.")
GPU_JOB = TalliedHistogram(
    "gpu_job_duration_seconds",
    "Start to end of the last attempt of jobs on clusters that have ended.",
    ["status"],
    buckets=GPU_JOB_BUCKETS_S,
)
FILE_TRANSFER = TalliedHistogram(
    "file_transfer_duration_seconds",
    "Time that files took to a cluster (in) or from it (out).",
    ["direction"],
    buckets=TRANSFER_BUCKETS_S,
)
USER_JOBS = Counter("user_jobs", "Jobs for clusters by who has submitted them.", ["user_id"])
GPU_HOURS = Counter("gpu_hours", "Hours of cards that attempts on clusters had, ended ones.")
MODEL_ACCURACY = TalliedHistogram(
    "model_final_accuracy", "The last `accuracy` in metrics.json of completed jobs.", buckets=ACCURACY_BUCKETS
)
TRAINING_LOSS = TalliedHistogram(
    "training_final_loss", "The last `loss` in metrics.json of completed jobs.", buckets=LOSS_BUCKETS
)
