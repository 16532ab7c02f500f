"""The root of the `satellite` command: its groups, and how every error becomes a sentence and a code."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Final

import typer

from satellite.cli.exit_codes import ExitCode, exit_code_of
from satellite.cli.output import prepare_output, print_error
from satellite.errors import SatelliteError

COMMANDS: Final = ("up", "login", "run", "gpu-run", "demo", "doctor")
"""Each is the function of this name in the module of this name."""
GROUPS: Final = (
    "job", "file", "secret", "plugin", "model", "workflow",
    "notify", "worker", "cluster", "user", "key", "admin",
)  # fmt: skip
"""Each is the `app` of the module of this name."""


def command_line(named: str | None = None) -> typer.Typer:
    """Return the command or group of this name, else all of them.

    One is loaded in an eighth of the time of all (2026-12-01), for which people wait at each call.
    """
    app = typer.Typer(
        name="satellite",
        help="Runs plugins as durable jobs.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    # A command without others would not be called by its name.
    app.callback()(_do_nothing)
    every = (*COMMANDS, *GROUPS)
    for name in (named,) if named in every else every:
        function = name.replace("-", "_")
        module = importlib.import_module(f"satellite.cli.{function}")
        if name in GROUPS:
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, function))
    return app


def _do_nothing() -> None: ...


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with one of `ExitCode`."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run_command(words))


def run_command(words: list[str]) -> int:
    """Run one command line and return its exit code."""
    as_json = "--json" in words
    prepare_output()
    try:
        run = command_line(next(iter(words), None))
        return int(run(words, standalone_mode=False) or ExitCode.OK)
    except SatelliteError as error:
        exit_code = exit_code_of(error)
        print_error(str(error), code=error.code, exit_code=exit_code, as_json=as_json)
    except (KeyboardInterrupt, typer.Abort):
        exit_code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader has seen enough (`| head`); nothing may be written any more, not even at exit.
        sys.stdout = None
        exit_code = ExitCode.OK
    except OSError as error:
        exit_code = ExitCode.FAILED
        where = f" ({error.filename})" if error.filename else ""
        message = f"{error.strerror or error}{where}."
        print_error(message, code="os", exit_code=exit_code, as_json=as_json)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        exit_code = ExitCode.USAGE
        message = error.format_message()
        if not message:
            return int(exit_code)  # The help was asked for by giving no command, and is already shown.
        sentence = message if message.endswith(("?", ".")) else f"{message}."
        message = f"{sentence} Try `satellite --help`."
        print_error(message, code="usage", exit_code=exit_code, as_json=as_json)
    return int(exit_code)


if __name__ == "__main__":
    main()
