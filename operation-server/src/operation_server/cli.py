"""The `operation-server` command: one subcommand per process, each importing only what it runs."""

from __future__ import annotations

import argparse
import contextlib
import gc
from collections.abc import Callable, Iterator, Sequence

from operation_server.health.probe import check_health

Command = Callable[..., None]


def serve_api() -> Command:
    """Serve the HTTP API and the WebSockets."""
    from operation_server.main import serve  # noqa: PLC0415

    return serve


def migrate_database() -> Command:
    """Bring the database to the newest schema and make the bootstrap admin."""
    from operation_server.database.phases import Phase  # noqa: PLC0415
    from operation_server.preparation import prepare_database, take_back_migrations  # noqa: PLC0415

    def migrate(*, phase: str | None, down_to: str | None) -> None:
        if down_to is not None:
            take_back_migrations(revision=down_to)
        else:
            prepare_database(phase=Phase(phase) if phase else None)

    return migrate


def keep_audit_trail() -> Command:
    """Make the audit trail's coming months and drop those beyond retention; for a timer, once a month."""
    from operation_server.preparation import keep_audit  # noqa: PLC0415

    return keep_audit


def rewrap_secrets() -> Command:
    """Wrap all secrets by the present key, so that the keys of before may go; for an exchange of keys."""
    from operation_server.secrets.commands import rewrap_secrets  # noqa: PLC0415

    return rewrap_secrets


def dispatch_jobs() -> Command:
    """Send due jobs to the workers, and repair what was lost on the way."""
    from operation_server.dispatch.processes import run_dispatcher  # noqa: PLC0415

    return run_dispatcher


def consume_results() -> Command:
    """Apply what workers report."""
    from operation_server.dispatch.processes import run_results  # noqa: PLC0415

    return run_results


def work_with_kafka() -> Command:
    """Send events of jobs to Kafka, and submit its records as jobs; needs the extra `kafka`."""
    from operation_server.kafka.process import run_kafka  # noqa: PLC0415

    return run_kafka


def notify_users() -> Command:
    """Tell users of what has happened: by webhooks, e-mail, Slack, Teams and WebSockets."""
    from operation_server.notifications.process import run_notifications  # noqa: PLC0415

    return run_notifications


def finish_restore() -> Command:
    """Make a database that was recovered from a backup ready for work, while no process works on it."""
    from operation_server.recovery.process import run_finish  # noqa: PLC0415

    return run_finish


COMMANDS: dict[str, Callable[[], Command]] = {
    "api": serve_api,
    "dispatcher": dispatch_jobs,
    "results": consume_results,
    "notifications": notify_users,
    "kafka": work_with_kafka,
    "migrate": migrate_database,
    "keep-audit": keep_audit_trail,
    "rewrap-secrets": rewrap_secrets,
    "finish-restore": finish_restore,
}
"""What imports each process of the operation server, and returns what runs it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the subcommand named on the command line."""
    parser = argparse.ArgumentParser(prog="operation-server", description=__doc__)
    subcommands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subcommand = subcommands.add_parser(name, help=(command.__doc__ or "").strip().splitlines()[0])
        _add_options(name, subcommand)
    health = subcommands.add_parser("health", help="Tell by the exit code whether a process can do its work.")
    health.add_argument("process", choices=["api", "dispatcher", "results", "notifications", "kafka"])
    chosen = vars(parser.parse_args(arguments))
    name = chosen.pop("command")
    if name == "health":
        check_health(chosen["process"])
    # Slow to import, for --help and probes.
    from operation_server.startup_checks import has_files, require_secrets  # noqa: PLC0415
    from satellite.settings.group import bad_settings_end_the_process  # noqa: PLC0415

    with bad_settings_end_the_process():
        require_secrets(signs=name == "api" or (name == "dispatcher" and has_files()))
        with _importing():
            run = COMMANDS[name]()
        run(**chosen)


@contextlib.contextmanager
def _importing() -> Iterator[None]:
    """Import without the garbage collector, which takes a quarter of the time (2026-12-01) and finds nothing.

    What was imported stays for the life of the process, and is not looked through again.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _add_options(name: str, command: argparse.ArgumentParser) -> None:
    if name == "migrate":
        command.add_argument(
            "--phase",
            choices=["before", "after"],
            help="Only what is due before the processes of a release replace others, or after.",
        )
        command.add_argument(
            "--down-to",
            metavar="REVISION",
            help="Take back later migrations, and lose what they added.",
        )
    if name == "finish-restore":
        command.add_argument(
            "--nothing-lost",
            action="store_true",
            help="Nothing was taken back: a synchronous standby took over, or PostgreSQL was upgraded.",
        )
        command.add_argument(
            "--force", action="store_true", help="Also when nothing tells that the database was recovered."
        )


if __name__ == "__main__":
    main()
