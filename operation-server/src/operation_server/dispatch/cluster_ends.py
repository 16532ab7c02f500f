"""Tells the metrics and the log of attempts on clusters that have ended."""

from __future__ import annotations

import math
from typing import Any, Final

import structlog

from operation_server.jobs.transitions.ending import EndedAttempt
from operation_server.metrics import recording
from satellite.contracts.json_text import JSONRefused, parse_json
from satellite.contracts.task_names import is_cluster_queue

ACCURACY: Final = ("accuracy", "final_accuracy", "val_accuracy", "eval_accuracy")
LOSS: Final = ("loss", "final_loss", "train_loss", "training_loss", "val_loss")

log = structlog.get_logger(__name__)


def tell_of_cluster(end: EndedAttempt) -> None:
    """Count an attempt, and with the last one its job, if it was on a cluster; never raises."""
    job, status = end.job, end.decision.status
    if job.queue is None or not is_cluster_queue(job.queue):
        return
    began = job.started_at or end.started_at
    seconds = (job.now - began).total_seconds() if began else 0.0
    recording.gpu_attempt_ended(cards=job.cards, seconds=seconds)
    if not status.is_terminal:
        return
    measured = _measured(end)
    recording.gpu_job_ended(status.value, seconds=seconds)
    recording.training_measured(accuracy=_first(measured, ACCURACY), loss=_first(measured, LOSS))
    log.info(
        "job_completed",
        job_id=job.key.job_id,
        status=status.value,
        duration=round(seconds, 3),
        final_metrics=measured,
    )


def _measured(end: EndedAttempt) -> dict[str, Any]:
    """Return the last values of what a job has measured, as its result tells them."""
    if end.result_json is None:
        return {}
    try:
        result = parse_json(end.result_json)
    except JSONRefused:
        return {}
    metrics = result.get("metrics") if isinstance(result, dict) else None
    return metrics if isinstance(metrics, dict) else {}


def _first(measured: dict[str, Any], names: tuple[str, ...]) -> float | None:
    for name in names:
        value = measured.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
            return None if math.isnan(value) else float(value)
    return None
