"""The task that runs one attempt of a job."""

from __future__ import annotations

import time
from typing import Any

from celery import Task

from analysis_server.celery_app import app
from analysis_server.lifecycle.worker import current_worker
from satellite.contracts.outcome import Outcome, OutcomeStatus
from satellite.contracts.task_names import EXECUTE_JOB
from satellite.errors import SatelliteError


class PluginFailed(SatelliteError):
    """The attempt has failed; the outcome was reported already."""

    code = "plugin_failed"

    @classmethod
    def of(cls, outcome: Outcome) -> PluginFailed:
        """Return what Celery and Flower show of a failed attempt."""
        error = outcome.error
        return cls(f"{error.kind}: {error.message[:500]}" if error else "no reason was given")


@app.task(bind=True, name=EXECUTE_JOB, ignore_result=True, throws=(PluginFailed,))
def execute(task: Task[..., str], message: dict[str, Any]) -> str:
    """Run an attempt and report its outcome through the `link` callback of the message."""
    received_at_s = time.perf_counter()
    callbacks = list(task.request.callbacks or ())
    # The outcome is sent by us, for failures too; Celery would call back successes a second time.
    task.request.callbacks = None
    outcome = current_worker().runner.run(message, callbacks=callbacks, received_at_s=received_at_s)
    if outcome is None:
        return "duplicate"
    if outcome.status is OutcomeStatus.FAILED:
        raise PluginFailed.of(outcome)
    return outcome.status.value
