"""`satellite run`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from satellite.cli.errors import BadUsage
from satellite.cli.exit_codes import ExitCode
from satellite.cli.json_input import parse_json, read_json_file, read_json_stdin
from satellite.cli.output import AsJSON, print_json, print_line
from satellite.cli.session import open_client
from satellite.contracts.file_reference import with_value
from satellite.contracts.requires import Requires


def run(  # noqa: PLR0917
    plugin: Annotated[str, typer.Argument(help="Name of the plugin.")],
    input_text: Annotated[
        str | None, typer.Option("--input", help="The input as JSON; - reads standard input.")
    ] = None,
    input_file: Annotated[
        str | None, typer.Option("--input-file", help="File with the input as JSON; - is standard input.")
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Option(
            "--file",
            metavar="NAME=PATH",
            help="Store the file at PATH and refer to it under NAME in the input, or at a JSON pointer; may "
            "be repeated.",
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the job and print its result.")] = False,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="With --wait: give up waiting after so many seconds.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="Version of the plugin [the newest].")] = None,
    priority: Annotated[int | None, typer.Option(min=0, max=9, help="9 goes first.")] = None,
    requires: Annotated[
        list[str] | None,
        typer.Option(
            "--requires",
            metavar="WHAT=VALUE",
            help="What the worker must be: queue=, runtime=, gpu_kind= or label.KEY=; may be repeated.",
        ),
    ] = None,
    retry: Annotated[
        str | None, typer.Option(help='Retry policy for this job as JSON, such as {"max_retries": 1}.')
    ] = None,
    webhook: Annotated[
        str | None, typer.Option(help="Address that is told of the job's end; see `satellite notify rotate`.")
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Submit a job; prints its id, or with --wait its result."""
    input_data = read_input(input_text, input_file)
    paths = read_file_options(files or [])
    required = read_requires(requires or [])
    policy = None if retry is None else parse_json(retry, "The retry policy")
    with open_client() as client:
        for pointer, path in paths.items():
            input_data = put_reference(input_data, pointer, client.upload_file(path).reference)
        job = client.submit(
            plugin,
            input_data,
            version=version,
            priority=priority,
            retry=policy,
            requires=required,
            webhook=None if webhook is None else {"url": webhook},
        )
        if wait:
            from satellite.cli.following import follow  # noqa: PLC0415

            job = follow(client, job, timeout_s=timeout, is_silent=as_json)
            if job.result_artifact is not None and not as_json:
                job = job.model_copy(update={"result": client.result(job.id)})
    if as_json:
        print_json(job.model_dump(mode="json"))
    elif not wait:
        print_line(str(job.id))
    elif job.status == "completed":
        print_json(job.result)
        if job.made is not None:
            print_line(f"Made {job.made}.", to_stderr=True)
    if wait and job.status != "completed":
        if not as_json:
            reason = job.error_message or "no reason given"
            print_line(f"Job {job.id} {job.status}: {reason}", to_stderr=True)
        raise typer.Exit(ExitCode.FAILED)


def read_requires(options: Sequence[str]) -> Requires | None:
    """Return what the options ask of a worker, None without any.

    Raises:
        BadUsage: one asks for something that no worker can have.
    """
    stated: dict[str, Any] = {}
    for option in options:
        what, has_value, value = option.partition("=")
        if not has_value:
            raise BadUsage(f"--requires {option}: write WHAT=VALUE, such as label.zone=a.")
        name, is_label, key = what.partition(".")
        if is_label and name == "label":
            stated.setdefault("labels", {})[key] = value
        else:
            stated[what] = value
    try:
        return Requires.model_validate(stated) if stated else None
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise BadUsage(f"--requires: {'; '.join(faults)}.") from error


def read_file_options(options: Sequence[str]) -> dict[str, Path]:
    """Return the paths that the options name, each with the JSON pointer of its place in the input.

    Raises:
        BadUsage: one has no place, or names no file.
    """
    named: dict[str, Path] = {}
    for option in options:
        place, has_value, path = option.partition("=")
        if not has_value:
            raise BadUsage(f"--file {option}: write NAME=PATH, such as table=rows.csv.")
        if not Path(path).is_file():
            raise BadUsage(f"--file {option}: {path} is no file.")
        escaped = place.replace("~", "~0").replace("/", "~1")
        named[place if place.startswith("/") else f"/{escaped}"] = Path(path)
    return named


def put_reference(input_data: Any, pointer: str, reference: dict[str, str]) -> Any:
    """Return the input with a reference to a file in its place.

    Raises:
        BadUsage: the input has no such place.
    """
    try:
        return with_value(input_data, pointer, reference)
    except (LookupError, ValueError, TypeError) as error:
        raise BadUsage(f"--file: the input has no place {pointer}.") from error


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
