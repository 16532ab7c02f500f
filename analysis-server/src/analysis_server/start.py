"""From the settings to a process that works: the worker, and the connector of clusters."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from analysis_server.lifecycle.own_ray import RayNotStarted, start_own_ray
from analysis_server.operation_api.client import OperationAPI
from analysis_server.settings import AnalysisSettings, WorkerSettings
from analysis_server.startup_checks import require_engine_s_leave, require_secrets
from satellite.settings.group import bad_settings_end_the_process
from satellite.settings.log_lines import configure_logging


def start_worker() -> None:
    """Check the settings, see to a Ray, and become the worker."""
    with bad_settings_end_the_process():
        settings = AnalysisSettings()
        require_secrets(settings)
        require_engine_s_leave(settings)
    try:
        ray = {} if settings.ray.address else start_own_ray(settings.worker.state_dir)
    except (RayNotStarted, OSError) as error:
        sys.exit(str(error))
    become_worker(settings.worker, ray)


def start_connector() -> None:
    """Keep a worker for each cluster until the process is told to end."""
    # The library of SSH, which no worker needs.
    from analysis_server.connector.process import Connector  # noqa: PLC0415

    with bad_settings_end_the_process():
        settings = AnalysisSettings()
        require_secrets(settings)
    configure_logging(settings.log)
    url, token = settings.worker.api_url, settings.worker.api_token
    if url is None or token is None:
        sys.exit("a connector needs SATELLITE_WORKER_API_URL and SATELLITE_WORKER_API_TOKEN")
    settings.worker.state_dir.mkdir(parents=True, exist_ok=True)
    Connector(settings, OperationAPI(url, token, ca_file=settings.variables.ca_file)).run()


def become_worker(settings: WorkerSettings, variables: Mapping[str, str]) -> None:
    """Replace this process by Celery's worker command, with these variables besides."""
    command = [
        sys.executable, "-m", "celery", "-A", "analysis_server.tasks", "worker",
        "--without-gossip", "--without-mingle", "--hostname", f"{settings.name}@%h",
        "--loglevel", os.environ.get("SATELLITE_LOG_LEVEL", "info"),
    ]  # fmt: skip
    os.execve(command[0], command, os.environ | variables)  # noqa: S606
