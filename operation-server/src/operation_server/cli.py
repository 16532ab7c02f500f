"""The `operation-server` command: one subcommand per process, each importing only what it runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence


def serve_api() -> None:
    """Serve the HTTP API and the WebSockets."""
    from operation_server.main import serve  # noqa: PLC0415

    serve()


def migrate_database() -> None:
    """Bring the database to the newest schema and make the bootstrap admin."""
    from operation_server.main import prepare_database  # noqa: PLC0415

    prepare_database()


def dispatch_jobs() -> None:
    """Send due jobs to the workers, and repair what was lost on the way."""
    from operation_server.dispatch.processes import run_dispatcher  # noqa: PLC0415

    run_dispatcher()


def consume_results() -> None:
    """Apply what workers report."""
    from operation_server.dispatch.processes import run_results  # noqa: PLC0415

    run_results()


COMMANDS: dict[str, Callable[[], None]] = {
    "api": serve_api,
    "dispatcher": dispatch_jobs,
    "results": consume_results,
    "migrate": migrate_database,
}
"""Each process of the operation server; imports stand inside the functions so that each starts fast."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the subcommand named on the command line."""
    parser = argparse.ArgumentParser(prog="operation-server", description=__doc__)
    subcommands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subcommands.add_parser(name, help=(command.__doc__ or "").strip().splitlines()[0])
    chosen: str = parser.parse_args(arguments).command
    COMMANDS[chosen]()


if __name__ == "__main__":
    main()
