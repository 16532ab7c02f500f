"""The `operation-server` command: one subcommand per process, each importing only what it runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from operation_server.health.probe import check_health


def serve_api() -> None:
    """Serve the HTTP API and the WebSockets."""
    from operation_server.main import serve  # noqa: PLC0415

    serve()


def migrate_database(*, phase: str | None = None, down_to: str | None = None) -> None:
    """Bring the database to the newest schema and make the bootstrap admin."""
    from operation_server.database.phases import Phase  # noqa: PLC0415
    from operation_server.preparation import prepare_database, take_back_migrations  # noqa: PLC0415

    if down_to is not None:
        take_back_migrations(revision=down_to)
    else:
        prepare_database(phase=Phase(phase) if phase else None)


def keep_audit_trail() -> None:
    """Make the audit trail's coming months and drop those beyond retention; for a timer, once a month."""
    from operation_server.preparation import keep_audit  # noqa: PLC0415

    keep_audit()


def rewrap_secrets() -> None:
    """Wrap all secrets by the present key, so that the keys of before may go; for an exchange of keys."""
    from operation_server.secrets.commands import rewrap_secrets  # noqa: PLC0415

    rewrap_secrets()


def dispatch_jobs() -> None:
    """Send due jobs to the workers, and repair what was lost on the way."""
    from operation_server.dispatch.processes import run_dispatcher  # noqa: PLC0415

    run_dispatcher()


def consume_results() -> None:
    """Apply what workers report."""
    from operation_server.dispatch.processes import run_results  # noqa: PLC0415

    run_results()


def work_with_kafka() -> None:
    """Send events of jobs to Kafka, and submit its records as jobs; needs the extra `kafka`."""
    from operation_server.kafka.process import run_kafka  # noqa: PLC0415

    run_kafka()


def notify_users() -> None:
    """Tell users of what has happened: by webhooks, e-mail, Slack, Teams and WebSockets."""
    from operation_server.notifications.process import run_notifications  # noqa: PLC0415

    run_notifications()


def finish_restore(*, nothing_lost: bool = False, force: bool = False) -> None:
    """Make a database that was recovered from a backup ready for work, while no process works on it."""
    from operation_server.recovery.process import run_finish  # noqa: PLC0415

    run_finish(nothing_lost=nothing_lost, force=force)


COMMANDS: dict[str, Callable[..., None]] = {
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
"""Each process of the operation server; imports stand inside the functions so that each starts fast."""


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
        COMMANDS[name](**chosen)


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
