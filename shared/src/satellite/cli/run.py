"""`satellite run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from satellite.cli.errors import BadUsage
from satellite.cli.exit_codes import ExitCode
from satellite.cli.json_input import parse_json, read_json_file, read_json_stdin
from satellite.cli.output import AsJSON, print_json, print_line
from satellite.cli.session import open_client


def run(  # noqa: PLR0917
    plugin: Annotated[str, typer.Argument(help="Name of the plugin.")],
    input_text: Annotated[
        str | None, typer.Option("--input", help="The input as JSON; - reads standard input.")
    ] = None,
    input_file: Annotated[
        str | None, typer.Option("--input-file", help="File with the input as JSON; - is standard input.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the job and print its result.")] = False,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="With --wait: give up waiting after so many seconds.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="Version of the plugin [the newest].")] = None,
    priority: Annotated[int | None, typer.Option(min=0, max=9, help="9 goes first.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Submit a job; prints its id, or with --wait its result."""
    input_data = read_input(input_text, input_file)
    with open_client() as client:
        job = client.submit(plugin, input_data, version=version, priority=priority)
        if wait:
            from satellite.cli.following import follow  # noqa: PLC0415

            job = follow(client, job, timeout_s=timeout, is_silent=as_json)
    if as_json:
        print_json(job.model_dump(mode="json"))
    elif not wait:
        print_line(str(job.id))
    elif job.status == "completed":
        print_json(job.result)
    if wait and job.status != "completed":
        if not as_json:
            reason = job.error_message or "no reason given"
            print_line(f"Job {job.id} {job.status}: {reason}", to_stderr=True)
        raise typer.Exit(ExitCode.FAILED)


def read_input(text: str | None, file: str | None) -> Any:
    """Return the input that the options name; an empty object without any.

    Raises:
        BadUsage: both are given, the file cannot be read, or it is not JSON that a server takes.
    """
    if text is not None and file is not None:
        raise BadUsage("Give --input or --input-file, not both.")
    if text is None and file is None:
        return {}
    if "-" in (text, file):
        return read_json_stdin()
    return read_json_file(Path(file)) if file is not None else parse_json(text or "", "The input")
