"""`python -m analysis_server`: runs the worker, or tells whether it is alive (`health`).

It becomes `celery -A analysis_server.tasks worker`, so that signals reach Celery itself.
"""

from __future__ import annotations

import os
import sys

from analysis_server.lifecycle.health import is_alive
from analysis_server.settings import WorkerSettings


def main() -> None:
    """Run the command named by the first argument; the worker without one."""
    match sys.argv[1:]:
        case []:
            become_worker(WorkerSettings())
        case ["health"]:
            sys.exit(0 if is_alive(WorkerSettings().state_dir) else 1)
        case _:
            sys.exit("usage: python -m analysis_server [health]")


def become_worker(settings: WorkerSettings) -> None:
    """Replace this process by Celery's worker command."""
    command = [
        sys.executable, "-m", "celery", "-A", "analysis_server.tasks", "worker",
        "--without-gossip", "--without-mingle", "--hostname", f"{settings.name}@%h",
        "--loglevel", os.environ.get("SATELLITE_LOG_LEVEL", "info"),
    ]  # fmt: skip
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
