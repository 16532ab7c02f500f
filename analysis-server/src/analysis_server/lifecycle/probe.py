"""What `analysis-server health` does: looks whether the worker of this container, or machine, consumes.

It imports no framework where the environment names the worker's folder, as the images do: with the settings
it took 0.7 s of a slow processor (2026-12-01), every 15 s for each worker.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from analysis_server.lifecycle.health import is_alive

STATE_DIR = "SATELLITE_WORKER_STATE_DIR"
DEAF = (
    "the worker has not consumed for 30 s, or has not started yet:"
    " do SATELLITE_REDIS_URL and CELERY_BROKER_URL name servers that answer?"
)


def check_health() -> None:
    """End with 0 if the worker consumes, else with 1 and a line that says what is wrong."""
    sys.exit(None if is_alive(_state_dir()) else DEAF)


def _state_dir() -> Path:
    if folder := os.environ.get(STATE_DIR):
        return Path(folder)
    from analysis_server.settings import WorkerSettings  # noqa: PLC0415
    from satellite.settings.group import bad_settings_end_the_process  # noqa: PLC0415

    with bad_settings_end_the_process():
        return WorkerSettings().state_dir
