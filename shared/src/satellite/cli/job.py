"""`satellite job`: look at jobs, follow them, end them, run them again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from satellite.cli.errors import BadUsage
from satellite.cli.exit_codes import ExitCode
from satellite.cli.output import (
    AsJSON,
    print_fields,
    print_json,
    print_json_line,
    print_line,
    print_log,
    print_table,
)
from satellite.cli.session import open_client
from satellite.cli.timeline import timeline_lines

if TYPE_CHECKING:
    from satellite.client import Job, Run
    from satellite.contracts.event import Event

app = typer.Typer(help="Look at jobs, follow them, end them, run them again.", no_args_is_help=True)

JobId = Annotated[int, typer.Argument(help="Id of the job.", min=1)]


@app.command("list")
def list_jobs(
    status: Annotated[str | None, typer.Option(help="Only jobs in this state.")] = None,
    plugin: Annotated[str | None, typer.Option(help="Only jobs of this plugin.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 20,
    skip: Annotated[int, typer.Option(min=0, help="Leave out so many of the newest.")] = 0,
    as_json: AsJSON = False,
) -> None:
    """List jobs, newest first."""
    from satellite.contracts.job import JobStatus  # noqa: PLC0415

    if status is not None and status not in set(JobStatus):
        raise BadUsage(f"{status!r} is no state of a job; there are {', '.join(JobStatus)}.")
    with open_client() as client:
        page = client.list_jobs(status=status, plugin_name=plugin, skip=skip, limit=limit)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    print_table(
        ["id", "plugin", "status", "attempt", "created", "error"],
        [
            (job.id, f"{job.plugin_name} {job.plugin_version}", job.status, job.attempt,
             f"{job.created_at:%Y-%m-%d %H:%M:%S}", (job.error_message or "")[:60])
            for job in page.items
        ],
    )  # fmt: skip
    print_line(f"{len(page.items)} of {page.total}")


@app.command()
def show(job_id: JobId, as_json: AsJSON = False) -> None:
    """Show a job with its input, result and timings, or a run of a workflow."""
    with open_client() as client:
        _print_job(client.get_job(job_id), as_json=as_json)


@app.command()
def logs(
    job_id: JobId,
    attempt: Annotated[int | None, typer.Option(min=1, help="Of this attempt [the newest].")] = None,
    as_json: AsJSON = False,
) -> None:
    """Print what the plugin wrote to stderr."""
    with open_client() as client:
        text = client.logs(job_id, attempt=attempt)
    if as_json:
        print_json({"job_id": job_id, "attempt": attempt, "text": text})
    else:
        print_log(text)


@app.command()
def artifacts(
    job_id: JobId,
    download: Annotated[
        Path | None, typer.Option(help="Write them below this folder.", file_okay=False)
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """List the files that a job has written, or fetch them."""
    with open_client() as client:
        found = client.artifacts(job_id)
        written = None if download is None else client.download_artifacts(job_id, download)
    if as_json:
        print_json([artifact.model_dump(mode="json") for artifact in found])
    elif written is not None:
        for path in written:
            print_line(f"Wrote {path}.")
    else:
        rows = [(one.name, one.size_bytes, one.media_type, one.file_id) for one in found]
        print_table(["name", "bytes", "type", "file"], rows)


@app.command()
def files(job_id: JobId, as_json: AsJSON = False) -> None:
    """List the files of a job, those among them that are on its cluster alone."""
    with open_client() as client:
        found = client.job_files(job_id)
    if as_json:
        print_json([file.model_dump(mode="json") for file in found])
    else:
        rows = [(one.path, one.size_bytes, one.place, one.file_id) for one in found]
        print_table(["path", "bytes", "where", "file"], rows)


@app.command()
def pull(
    job_id: JobId,
    folder: Annotated[Path, typer.Argument(help="Write them below this folder.", file_okay=False)] = Path(),
    as_json: AsJSON = False,
) -> None:
    """Fetch the stored files of a job."""
    with open_client() as client:
        written = client.pull_job_files(job_id, folder)
    if as_json:
        print_json([str(path) for path in written])
        return
    for path in written:
        print_line(f"Wrote {path}.")


@app.command()
def watch(
    job_id: Annotated[int | None, typer.Argument(help="Id of the job [all own jobs].", min=1)] = None,
    after: Annotated[str | None, typer.Option(help="Resume after this cursor.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0, help="Stop after so many seconds.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Print events as they happen: until the job ends, or for all own jobs until Ctrl-C."""
    from satellite.contracts.event import EventType  # noqa: PLC0415

    last_status = None
    with open_client() as client:
        for event in client.events(job_id, after=after, timeout_s=timeout):
            if as_json:
                print_json_line(event.model_dump(mode="json"))
            else:
                _print_event(event)
            if event.type is EventType.RESULT:
                last_status = event.data.get("status")
        if job_id is None:
            return
        if last_status is None:
            from satellite.client import WaitTimedOut  # noqa: PLC0415

            raise WaitTimedOut(job_id, timeout)
    if last_status != "completed":
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def cancel(job_id: JobId, as_json: AsJSON = False) -> None:
    """Cancel a job; a running one ends within seconds."""
    with open_client() as client:
        job = client.cancel(job_id)
    _print_short(job, as_json=as_json, words="Cancel of job {id} requested; it is {status}.")


@app.command()
def retry(job_id: JobId, as_json: AsJSON = False) -> None:
    """Run a failed or cancelled job again."""
    with open_client() as client:
        job = client.retry(job_id)
    _print_short(job, as_json=as_json, words="Job {id} is {status} again.")


@app.command()
def explain(job_id: JobId, as_json: AsJSON = False) -> None:
    """Tell why a job is where it is."""
    with open_client() as client:
        explanation = client.explain(job_id)
    if as_json:
        print_json(explanation)
    else:
        print_fields(list(explanation.items()))


def _print_job(job: Job | Run, *, as_json: bool) -> None:
    document = job.model_dump(mode="json")
    if as_json:
        print_json(document)
        return
    timings = document.pop("timings", None)
    print_fields(list(document.items()))
    if timings:
        for line in ("", *timeline_lines(timings)):
            print_line(line)


def _print_short(job: Job | Run, *, as_json: bool, words: str) -> None:
    if as_json:
        print_json(job.model_dump(mode="json"))
    else:
        print_line(words.format(id=job.id, status=job.status))


def _print_event(event: Event) -> None:
    from satellite.contracts.event import EventType  # noqa: PLC0415

    data, moment = event.data, f"{event.at:%H:%M:%S} {event.subject} {event.job_id}"
    if event.type is EventType.LOG:
        for line in data.get("lines", []):
            print_line(f"{moment} | {line}")
    elif event.type is EventType.PROGRESS:
        fraction = data.get("fraction")
        share = "" if fraction is None else f"{fraction:.0%} "
        print_line(f"{moment} {share}{data.get('message') or ''}".rstrip())
    else:
        error = (data.get("error") or {}).get("message") or data.get("reason")
        task = f"{data.get('task')} " if event.type is EventType.TASK else ""
        print_line(f"{moment} {task}{data.get('status')}{f': {error}' if error else ''}")
