"""The task by which a worker proves to itself that its consumer still consumes."""

from __future__ import annotations

from analysis_server.celery_app import app
from analysis_server.lifecycle.worker import current_worker
from satellite.contracts.task_names import CANARY


# One every few seconds: Flower would soon remember nothing else.
@app.task(name=CANARY, ignore_result=True, send_events=False)
def canary(worker: str, token: str) -> None:
    """Note that a canary has come back."""
    del worker
    current_worker().canary.returned(token)
