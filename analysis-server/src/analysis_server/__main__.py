"""`analysis-server`: runs the worker, or what the first argument names.

`health` tells whether it is alive, `inference` asks models, `connector` runs jobs on clusters. The
worker becomes `celery -A analysis_server.tasks worker`, so that signals reach Celery itself. Each
imports only what it needs: `health` is started every few seconds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis_server.settings import WorkerSettings


def main() -> None:
    """Run the command named by the first argument; the worker without one."""
    match sys.argv[1:]:
        case []:
            start_worker()
        case ["health"]:
            from analysis_server.lifecycle.probe import check_health  # noqa: PLC0415

            check_health()
        case ["connector"]:
            start_connector()
        case ["inference"]:
            # Web frameworks, which no worker needs.
            from analysis_server.inference.main import serve  # noqa: PLC0415

            serve()
        case _:
            sys.exit("usage: analysis-server [connector | health | inference]")


def start_worker() -> None:
    """Check the settings, see to a Ray, and become the worker."""
    from analysis_server.lifecycle.own_ray import RayNotStarted, start_own_ray  # noqa: PLC0415
    from analysis_server.settings import AnalysisSettings  # noqa: PLC0415
    from analysis_server.startup_checks import require_engine_s_leave, require_secrets  # noqa: PLC0415
    from satellite.settings.group import bad_settings_end_the_process  # noqa: PLC0415

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
    # Brings the library of SSH, which no worker needs.
    from analysis_server.connector.process import Connector  # noqa: PLC0415
    from analysis_server.operation_api.client import OperationAPI  # noqa: PLC0415
    from analysis_server.settings import AnalysisSettings  # noqa: PLC0415
    from analysis_server.startup_checks import require_secrets  # noqa: PLC0415
    from satellite.settings.group import bad_settings_end_the_process  # noqa: PLC0415
    from satellite.settings.log_lines import configure_logging  # noqa: PLC0415

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


if __name__ == "__main__":
    main()
