"""What the rest of the server tells the metrics, one function for each thing that happens.

Each costs microseconds and never raises: a metric must not cost a job.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from operation_server.metrics import definitions
from operation_server.metrics.pending import PendingCounter, PendingHistogram
from satellite.contracts.event import StreamEntry
from satellite.contracts.phases import PHASES

MOST_PLUGINS = 500
"""Plugins beyond these are counted together, so that scrapes stay small."""

MOST_USERS = 1_000
"""The same of users."""

_DISPATCH_BATCH = PendingHistogram(definitions.DISPATCH_BATCH)
_RESULTS_BATCH = PendingHistogram(definitions.RESULTS_BATCH)
_MODEL_ACCURACY = PendingHistogram(definitions.MODEL_ACCURACY)
_TRAINING_LOSS = PendingHistogram(definitions.TRAINING_LOSS)
_NOTIFICATION_LAG = PendingHistogram(definitions.NOTIFICATION_LAG)
_TICK_LAG = PendingHistogram(definitions.TICK_LAG)
_plugins: set[str] = set()
_users: set[int] = set()


def attempt_ended(
    *, plugin_name: str, outcome: str, status: str, has_ended: bool, timings: Mapping[str, Any] | None
) -> None:
    """Count an attempt that a worker reported; if its job has ended too, also where the job's time went."""
    _attempts(_bounded(plugin_name), outcome).inc()
    if not has_ended or timings is None:
        return
    for phase, histogram in _phases(timings["start"] or "none"):
        histogram.observe(timings[phase] / 1000)
    _job(status).observe(timings["total"] / 1000)


def outcomes_applied(applied: int, *, stale: int) -> None:
    """Count the reports of attempts' ends in one transaction."""
    if applied:
        _outcomes("applied").inc(applied)
    if stale:
        _outcomes("stale").inc(stale)


def reports_applied(count: int) -> None:
    """Count a transaction of the results consumer."""
    _RESULTS_BATCH.observe(count)


def jobs_dispatched(count: int) -> None:
    """Count a round of the dispatcher that sent something."""
    _DISPATCH_BATCH.observe(count)


def loop_rested(loop: str, seconds: float) -> None:
    """Count a rest of the dispatcher or the results consumer."""
    if seconds:
        _loop_rest(loop).inc(seconds)


def attempts_repaired(reason: str, count: int) -> None:
    """Count attempts that the reconciler ended or gave back."""
    definitions.REPAIRED.labels(reason).inc(count)


def model_rolled_back(model: str) -> None:
    """Count a version that was taken back."""
    definitions.ROLLED_BACK.labels(model).inc()


def run_ended(status: str) -> None:
    """Count a run of a workflow that has ended."""
    definitions.RUNS_ENDED.labels(status).inc()


def run_deadline_passed() -> None:
    """Count a run that was cancelled because its deadline had passed."""
    definitions.RUN_DEADLINES.inc()


def ticks_ran(lags_s: Iterable[float]) -> None:
    """Count runs of schedules by how long after their ticks they began."""
    for lag_s in lags_s:
        _TICK_LAG.observe(lag_s)


def run_not_advanced() -> None:
    """Count that a run could not be advanced."""
    definitions.RUN_FAULTS.inc()


def report_rejected() -> None:
    """Count a report that was set aside."""
    definitions.REJECTED.inc()


def put_aside(what: str) -> None:
    """Count a job, a group of jobs or a plugin version that dispatch leaves alone for a while."""
    definitions.PUT_ASIDE.labels(what).inc()


def reconciler_failed(work: str) -> None:
    """Count work of the reconciler, or a part of it, that failed unforeseen."""
    definitions.RECONCILER_FAULTS.labels(work).inc()


def events_published(entries: Iterable[StreamEntry]) -> None:
    """Count durable events that the stream took."""
    for entry in entries:
        _events(entry.type.value).inc()


def notification_sent(channel: str, outcome: str) -> None:
    """Count an attempt to tell somebody something."""
    definitions.NOTIFICATIONS_SENT.labels(channel, outcome).inc()


def notification_lag(seconds: float) -> None:
    """Count how late the first attempt of a notification is."""
    _NOTIFICATION_LAG.observe(seconds)


def notifications_overdue(seconds: float) -> None:
    """Tell for how long the notification that waits longest could have been sent."""
    definitions.NOTIFICATIONS_OVERDUE.set(seconds)


def spans_dropped(count: int) -> None:
    """Count spans that nobody will see."""
    definitions.SPANS_DROPPED.inc(count)


def refuses_to_work(*, is_so: bool) -> None:
    """Tell whether this process does not work on its database."""
    definitions.REFUSING.set(is_so)


def live_client_came() -> None:
    """Count a WebSocket or event stream in."""
    definitions.LIVE_CLIENTS.inc()


def live_client_left() -> None:
    """Count a WebSocket or event stream out."""
    definitions.LIVE_CLIENTS.dec()


def request_answered(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answered HTTP request; `route` is its template, never its path."""
    _request(method, route, status).observe(seconds)


def gpu_job_submitted(owner_id: int) -> None:
    """Count a job for a cluster."""
    definitions.GPU_JOBS_SUBMITTED.inc()
    if owner_id in _users or len(_users) < MOST_USERS:
        _users.add(owner_id)
        definitions.USER_JOBS.labels(str(owner_id)).inc()
    else:
        definitions.USER_JOBS.labels("(others)").inc()


def gpu_attempt_ended(*, cards: int, seconds: float) -> None:
    """Count what an attempt on a cluster had of its cards."""
    definitions.GPU_HOURS.inc(cards * max(0.0, seconds) / 3600)


def gpu_job_ended(status: str, *, seconds: float) -> None:
    """Count a job on a cluster that has ended."""
    if status == "completed":
        definitions.GPU_JOBS_COMPLETED.inc()
    elif status == "failed":
        definitions.GPU_JOBS_FAILED.inc()
    _gpu_job(status).observe(max(0.0, seconds))


def training_measured(*, accuracy: float | None, loss: float | None) -> None:
    """Count what a completed job has measured last."""
    if accuracy is not None:
        _MODEL_ACCURACY.observe(accuracy)
    if loss is not None:
        _TRAINING_LOSS.observe(loss)


def files_transferred(direction: str, seconds: float) -> None:
    """Count files that were brought to a cluster or from it."""
    _transfer(direction).observe(seconds)


def _bounded(plugin_name: str) -> str:
    if plugin_name not in _plugins:
        if len(_plugins) >= MOST_PLUGINS:
            return "(others)"
        _plugins.add(plugin_name)
    return plugin_name


@cache
def _attempts(plugin_name: str, outcome: str) -> PendingCounter:
    return PendingCounter(definitions.ATTEMPTS.labels(plugin_name, outcome))


@cache
def _outcomes(fate: str) -> PendingCounter:
    return PendingCounter(definitions.OUTCOMES.labels(fate))


@cache
def _events(event_type: str) -> PendingCounter:
    return PendingCounter(definitions.EVENTS.labels(event_type))


@cache
def _loop_rest(loop: str) -> PendingCounter:
    return PendingCounter(definitions.LOOP_REST.labels(loop))


@cache
def _phases(start: str) -> list[tuple[str, PendingHistogram]]:
    return [(phase, PendingHistogram(definitions.JOB_PHASE.labels(phase, start))) for phase in PHASES]


@cache
def _job(status: str) -> PendingHistogram:
    return PendingHistogram(definitions.JOB.labels(status))


@cache
def _gpu_job(status: str) -> PendingHistogram:
    return PendingHistogram(definitions.GPU_JOB.labels(status))


@cache
def _transfer(direction: str) -> PendingHistogram:
    return PendingHistogram(definitions.FILE_TRANSFER.labels(direction))


@cache
def _request(method: str, route: str, status: int) -> PendingHistogram:
    return PendingHistogram(definitions.REQUEST.labels(method, route, str(status)))
