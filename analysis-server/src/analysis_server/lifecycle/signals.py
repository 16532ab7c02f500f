"""What happens at Celery's signals: the worker's parts are made, started, drained and closed."""

from __future__ import annotations

import os
import sys
from typing import Any

import structlog
from celery.signals import (
    celeryd_init,
    setup_logging,
    worker_init,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)

from analysis_server.celery_app import app
from analysis_server.lifecycle.command_line import told_settings
from analysis_server.lifecycle.own_ray import RayNotStarted, start_own_ray
from analysis_server.lifecycle.worker import current_worker, make_current
from analysis_server.settings import AnalysisSettings, RaySettings, WorkerSettings
from satellite.settings.log_lines import configure_logging
from satellite.settings.observability import LogSettings

EXIT_NOT_MADE = 78

logger = structlog.get_logger(__name__)


@setup_logging.connect  # type: ignore[untyped-decorator]
def set_up_logging(**_: Any) -> None:
    """Log as the settings say; Celery leaves logging alone because somebody listens to this signal."""
    configure_logging(LogSettings())


@celeryd_init.connect  # type: ignore[untyped-decorator]
def begin_again_with_a_ray(**_: Any) -> None:
    """Start a Ray where none is named, and this process again: Ray's library reads its token once."""
    if RaySettings().address is not None or WorkerSettings().cluster is not None:
        return
    try:
        variables = start_own_ray(WorkerSettings().state_dir)
    except (RayNotStarted, OSError) as error:
        raise SystemExit(str(error)) from error
    os.execve(sys.executable, sys.orig_argv, os.environ | variables)  # noqa: S606


@worker_init.connect  # type: ignore[untyped-decorator]
def make_worker(sender: Any, **_: Any) -> None:
    """Connect to Ray before Celery sets its signal handlers, because Ray sets one of its own."""
    configure_logging(LogSettings())
    try:
        worker = WorkerSettings(**told_settings())
        app.slots.slots = worker.slots
        sender.concurrency = worker.slots + worker.batch_seats
        make_current(app, AnalysisSettings(worker=worker))
    except Exception as error:
        # Celery would log this and go on without the parts.
        logger.exception("worker cannot be made")
        raise SystemExit(EXIT_NOT_MADE) from error


@worker_ready.connect  # type: ignore[untyped-decorator]
def start_worker(**_: Any) -> None:
    """Show the worker as live once it consumes."""
    current_worker().start()


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def drain_worker(**_: Any) -> None:
    """Begin to drain; Celery waits for the running tasks."""
    current_worker().drain.begin()


@worker_shutdown.connect  # type: ignore[untyped-decorator]
def close_worker(**_: Any) -> None:
    """End what is left."""
    current_worker().close()
