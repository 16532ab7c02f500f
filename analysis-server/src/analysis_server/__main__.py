"""`analysis-server`: runs the worker, tells whether it is alive (`health`), or asks models (`inference`).

The worker becomes `celery -A analysis_server.tasks worker`, so that signals reach Celery itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from analysis_server.lifecycle.health import is_alive
from analysis_server.lifecycle.own_ray import RayNotStarted, start_own_ray
from analysis_server.settings import AnalysisSettings, WorkerSettings
from analysis_server.startup_checks import require_engine_s_leave, require_secrets
from satellite.settings.group import bad_settings_end_the_process

DEAF = (
    "the worker has not consumed for 30 s, or has not started yet:"
    " do SATELLITE_REDIS_URL and CELERY_BROKER_URL name servers that answer?"
)


def main() -> None:
    """Run the command named by the first argument; the worker without one."""
    match sys.argv[1:]:
        case []:
            start_worker()
        case ["health"]:
            with bad_settings_end_the_process():
                alive = is_alive(WorkerSettings().state_dir)
            sys.exit(None if alive else DEAF)
        case ["inference"]:
            # Web frameworks, which no worker needs.
            from analysis_server.inference.main import serve  # noqa: PLC0415

            serve()
        case _:
            sys.exit("usage: analysis-server [health | inference]")


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
