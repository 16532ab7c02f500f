"""`analysis-server`: runs the worker, or what the first argument names.

`health` tells whether it is alive, `inference` asks models, `connector` runs jobs on clusters. The
worker becomes `celery -A analysis_server.tasks worker`, so that signals reach Celery itself. Each
imports only what it needs: `health` is started every few seconds.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command named by the first argument; the worker without one."""
    match sys.argv[1:]:
        case []:
            from analysis_server.start import start_worker  # noqa: PLC0415

            start_worker()
        case ["health"]:
            from analysis_server.lifecycle.probe import check_health  # noqa: PLC0415

            check_health()
        case ["connector"]:
            from analysis_server.start import start_connector  # noqa: PLC0415

            start_connector()
        case ["inference"]:
            # Web frameworks, which no worker needs.
            from analysis_server.inference.main import serve  # noqa: PLC0415

            serve()
        case _:
            sys.exit("usage: analysis-server [connector | health | inference]")


if __name__ == "__main__":
    main()
