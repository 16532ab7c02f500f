"""`satellite gpu-run`: a command on a cluster, as if it ran here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from satellite.cli.errors import BadUsage
from satellite.cli.exit_codes import ExitCode
from satellite.cli.output import AsJSON, print_json, print_line, print_log
from satellite.cli.session import open_client

if TYPE_CHECKING:
    from satellite.client import Job, SatelliteClient

HIGHEST_EXIT_CODE = 255


def gpu_run(  # noqa: PLR0917
    command: Annotated[list[str], typer.Argument(help="What to run, after `--`.")],
    gpus: Annotated[int, typer.Option(min=0, help="Whole cards of one node.")] = 1,
    memory: Annotated[str | None, typer.Option(help="Of the node, such as 32G.")] = None,
    gpu_memory: Annotated[int | None, typer.Option(min=0, help="MiB of each card.")] = None,
    cpus: Annotated[float | None, typer.Option(min=0, help="CPUs.")] = None,
    code: Annotated[
        Path | None, typer.Option(help="Folder that is packed and sent.", exists=True, file_okay=False)
    ] = None,
    git: Annotated[str | None, typer.Option(metavar="URL[@REF]", help="Repository that is cloned.")] = None,
    existing: Annotated[str | None, typer.Option(help="Folder that is there.")] = None,
    requirements: Annotated[bool, typer.Option(help="Install the requirements.txt of the code.")] = False,
    env: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Variable; may be repeated.")
    ] = None,
    secret: Annotated[
        list[str] | None, typer.Option(help="Secret of yours, granted to gpu-job; may be repeated.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH=FILE", help="File of this machine below data; may be repeated."),
    ] = None,
    cluster: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    time_limit: Annotated[float | None, typer.Option(min=0, help="Seconds it may run.")] = None,
    priority: Annotated[int | None, typer.Option(min=0, max=9, help="9 goes first.")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Print the job's id and do not wait.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Run a command on a GPU cluster and show what it prints; ends with its exit code."""
    variables = _read_pairs(env or [], "--env")
    paths = _read_pairs(data or [], "--data")
    stated: dict[str, Any] = {
        "gpus": gpus, "memory": memory, "gpu_memory_mib": gpu_memory, "cpus": cpus, "environment": variables,
        "secrets": secret, "cluster": cluster, "name": name, "time_limit_s": time_limit, "priority": priority,
        "requirements": requirements or None,
    }  # fmt: skip
    options = {key: value for key, value in stated.items() if value is not None}
    with open_client() as client:
        source = _code(client, code, git, existing)
        files = {path: client.upload_file(Path(file)).reference for path, file in paths.items()}
        options |= {name: value for name, value in (("code", source), ("data", files)) if value}
        job = client.submit_gpu_job(command, **options)
        if not detach:
            print_line(f"Job {job.id}.", to_stderr=True)
            job = _follow(client, job, is_silent=as_json)
    if as_json:
        print_json(job.model_dump(mode="json"))
    elif detach:
        print_line(str(job.id))
    elif job.status != "completed":
        print_line(f"Job {job.id} {job.status}: {job.error_message or 'no reason given'}", to_stderr=True)
    if not detach and job.status != "completed":
        raise typer.Exit(exit_code_of_job(job))


def exit_code_of_job(job: Job) -> int:
    """Return the exit code of a job's command, if it has ended by one, else that of a failure."""
    code = (job.error or {}).get("exit_code")
    return code if isinstance(code, int) and 0 < code <= HIGHEST_EXIT_CODE else int(ExitCode.FAILED)


def read_git(text: str) -> dict[str, str]:
    """Return the repository of `URL[@REF]`; a login before the host is none."""
    path_begins = text.find("/", text.find("://") + 3)
    url, has_ref, ref = text[path_begins:].rpartition("@") if path_begins >= 0 else ("", "", "")
    if not has_ref:
        return {"source": "git", "url": text}
    return {"source": "git", "url": text[:path_begins] + url, "ref": ref}


def _code(
    client: SatelliteClient, folder: Path | None, git: str | None, existing: str | None
) -> dict[str, Any] | None:
    if sum(each is not None for each in (folder, git, existing)) > 1:
        raise BadUsage("Give one of --code, --git and --existing.")
    if folder is not None:
        return client.upload_code(folder)
    if git is not None:
        return read_git(git)
    return None if existing is None else {"source": "existing", "path": existing}


def _follow(client: SatelliteClient, job: Job, *, is_silent: bool) -> Job:
    """Print the lines of a job as they come, and return it once it has ended."""
    from satellite.contracts.event import EventType  # noqa: PLC0415

    for event in client.events(job.id):
        if event.type is EventType.LOG and not is_silent:
            print_log("\n".join(event.data.get("lines", [])))
        if event.type is EventType.STATUS and not is_silent:
            print_line(f"{event.data.get('status')}", to_stderr=True)
        if event.type is EventType.RESULT:
            break
    return client.wait(job.id)


def _read_pairs(options: list[str], option: str) -> dict[str, str]:
    if not all("=" in each for each in options):
        raise BadUsage(f"{option}: write NAME=VALUE.")
    return dict(each.partition("=")[::2] for each in options)
