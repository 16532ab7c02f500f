"""The root of the `satellite` command: its groups, and how every error becomes a sentence and a code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from satellite.cli import (
    admin,
    cluster,
    demo,
    doctor,
    file,
    gpu_run,
    job,
    key,
    login,
    model,
    notify,
    plugin,
    run,
    secret,
    up,
    user,
    worker,
    workflow,
)
from satellite.cli.exit_codes import ExitCode, exit_code_of
from satellite.cli.output import prepare_output, print_error
from satellite.errors import SatelliteError

app = typer.Typer(
    name="satellite",
    help="Runs plugins as durable jobs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up.up)
app.command("login")(login.login)
app.command("run")(run.run)
app.command("gpu-run")(gpu_run.gpu_run)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.add_typer(job.app, name="job")
app.add_typer(file.app, name="file")
app.add_typer(secret.app, name="secret")
app.add_typer(plugin.app, name="plugin")
app.add_typer(model.app, name="model")
app.add_typer(workflow.app, name="workflow")
app.add_typer(notify.app, name="notify")
app.add_typer(worker.app, name="worker")
app.add_typer(cluster.app, name="cluster")
app.add_typer(user.app, name="user")
app.add_typer(key.app, name="key")
app.add_typer(admin.app, name="admin")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with one of `ExitCode`."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run_command(words))


def run_command(words: list[str]) -> int:
    """Run one command line and return its exit code."""
    as_json = "--json" in words
    prepare_output()
    try:
        return int(app(words, standalone_mode=False) or ExitCode.OK)
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
        message = f"{message.rstrip('.')}. Try `satellite --help`."
        print_error(message, code="usage", exit_code=exit_code, as_json=as_json)
    return int(exit_code)


if __name__ == "__main__":
    main()
