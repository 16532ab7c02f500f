"""`satellite workflow trigger`, `watch`, `logs`, …: the runs of workflows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from satellite.cli.errors import BadUsage
from satellite.cli.exit_codes import ExitCode
from satellite.cli.json_input import parse_json
from satellite.cli.output import AsJSON, print_json, print_json_line, print_line, print_log, print_table
from satellite.cli.session import open_client
from satellite.cli.workflow_named import Named, find_named

if TYPE_CHECKING:
    from satellite.client import Run

RunId = Annotated[int, typer.Argument(metavar="RUN", help="Id of the run.", min=1)]
Task = Annotated[str, typer.Argument(metavar="TASK", help="Name of the task.")]
Comment = Annotated[str, typer.Option(help="What is to be said about it.")]
COLUMNS: Final = ["run", "workflow", "version", "status", "by", "created", "error"]


def trigger(  # noqa: PLR0917 - typer reads options from parameters
    workflow: Named,
    params: Annotated[
        list[str] | None,
        typer.Option(
            "--param", metavar="NAME=VALUE", help="A param of the run, JSON or a text; may be repeated."
        ),
    ] = None,
    version: Annotated[int | None, typer.Option(min=1, help="This version [the deployed one].")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end.")] = False,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="With --wait: give up waiting after so many seconds.")
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Begin a run of a workflow; prints its id, or with --wait what became of it."""
    from satellite.cli.run_following import follow_run  # noqa: PLC0415  # Slow to import.

    stated = read_params(params or [])
    with open_client() as client:
        run = client.trigger(find_named(client, workflow).id, stated, version=version)
        if wait:
            run = follow_run(client, run.id, timeout_s=timeout, is_silent=as_json, to_stderr=True)
    if as_json:
        print_json(run.model_dump(mode="json"))
    elif not wait:
        print_line(str(run.id))
    if wait:
        _end(run, is_told=not as_json)


def runs(
    workflow: Annotated[
        str | None, typer.Argument(metavar="WORKFLOW", help="Only its runs: name, or id.")
    ] = None,
    status: Annotated[str | None, typer.Option(help="Only runs in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 20,
    as_json: AsJSON = False,
) -> None:
    """List runs, newest first."""
    from satellite.contracts.job import JobStatus  # noqa: PLC0415

    if status is not None and status not in set(JobStatus):
        raise BadUsage(f"{status!r} is no state of a run; there are {', '.join(JobStatus)}.")
    with open_client() as client:
        workflow_id = None if workflow is None else find_named(client, workflow).id
        page = client.list_runs(workflow_id, status=status, limit=limit)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    print_table(COLUMNS, [row(run) for run in page.items])
    print_line(f"{len(page.items)} of {page.total}")


def watch(
    run_id: RunId,
    timeout: Annotated[float | None, typer.Option(min=0, help="Stop after so many seconds.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Show how far the tasks of a run are until it ends; the exit code is 0 if it has completed."""
    from satellite.cli.run_following import follow_run  # noqa: PLC0415  # Slow to import.

    with open_client() as client:
        if as_json:
            for event in client.events(run_id, timeout_s=timeout):
                print_json_line(event.model_dump(mode="json"))
        run = follow_run(client, run_id, timeout_s=0 if as_json and timeout else timeout, is_silent=as_json)
    _end(run, is_told=not as_json)


def logs(  # noqa: PLR0917 - typer reads options from parameters
    run_id: RunId,
    task: Annotated[str | None, typer.Argument(metavar="TASK", help="Only of this task.")] = None,
    map_index: Annotated[int | None, typer.Option(min=0, help="Of this item of a mapped task.")] = None,
    attempt: Annotated[int | None, typer.Option(min=1, help="Of this attempt [the newest].")] = None,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Go on until it ends, line by line."),
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Print what the tasks of a run have printed."""
    if task is None and (map_index is not None or attempt is not None):
        raise BadUsage("--map-index and --attempt need a TASK.")
    if follow and (as_json or attempt is not None):
        raise BadUsage("--follow prints lines of the newest attempt; leave out --json and --attempt.")
    with open_client() as client:
        if follow:
            from satellite.cli.run_following import follow_logs  # noqa: PLC0415  # Slow to import.

            follow_logs(client, run_id, task, map_index)
            return
        if task is None:
            text = client.logs(run_id)
        else:
            text = client.step_log(run_id, task, map_index=map_index, attempt=attempt)
    if as_json:
        print_json({"run_id": run_id, "task": task, "map_index": map_index, "attempt": attempt, "text": text})
    else:
        print_log(text)


def approve(
    run_id: RunId,
    task: Task,
    comment: Comment = "",
    data: Annotated[str | None, typer.Option(help="What its form asks for, as JSON.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Approve a task that waits for it."""
    stated = {} if data is None else parse_json(data, "--data")
    if not isinstance(stated, dict):
        raise BadUsage("--data is not a JSON object.")
    with open_client() as client:
        run = client.approve(run_id, task, comment=comment, data=stated)
    _print_short(run, f"Approved {task} of run {run_id}.", as_json=as_json)


def reject(run_id: RunId, task: Task, comment: Comment = "", as_json: AsJSON = False) -> None:
    """Reject a task that waits for an approval."""
    with open_client() as client:
        run = client.reject(run_id, task, comment=comment)
    _print_short(run, f"Rejected {task} of run {run_id}.", as_json=as_json)


def cancel(run_id: RunId, as_json: AsJSON = False) -> None:
    """Cancel a run; what of it is under way ends within seconds."""
    with open_client() as client:
        client.get_run(run_id)
        client.cancel(run_id)
        run = client.get_run(run_id)
    _print_short(run, f"Cancel of run {run_id} requested; it is {run.status}.", as_json=as_json)


def retry(run_id: RunId, as_json: AsJSON = False) -> None:
    """Run again what of a run did not complete."""
    with open_client() as client:
        client.get_run(run_id)
        client.retry(run_id)
        run = client.get_run(run_id)
    _print_short(run, f"Run {run_id} is {run.status} again.", as_json=as_json)


def restart(  # noqa: PLR0917 - typer reads options from parameters
    run_id: RunId,
    tasks: Annotated[
        list[str] | None,
        typer.Option(
            "--task", help="Runs again, with all after it [what did not complete]; may be repeated."
        ),
    ] = None,
    version: Annotated[str, typer.Option(help="same, latest, or a number.")] = "same",
    params: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="Another param; may be repeated."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would run, and begin nothing.")
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Begin a new run that takes over what of another one still holds; prints its id."""
    of = int(version) if version.isdecimal() else version
    with open_client() as client:
        before = client.get_run(run_id).params if params else None
        stated = None if before is None else {**before, **read_params(params or [])}
        done = client.restart(run_id, tasks, version=of, params=stated, dry_run=dry_run)
    if as_json:
        print_json(done.model_dump(mode="json"))
    elif dry_run:
        print_table(["task", "is", "because"], [(each.task, each.action, each.reason) for each in done.plan])
    else:
        print_line(str(done.run_id))


def row(run: Run) -> tuple[Any, ...]:
    """Return what a table says of a run."""
    error = (run.error_message or "")[:60]
    created = f"{run.created_at:%Y-%m-%d %H:%M:%S}"
    return run.id, run.workflow_name, run.version, run.status, run.trigger, created, error


def read_params(options: Sequence[str]) -> dict[str, Any]:
    """Return the params that options state.

    Raises:
        BadUsage: one has no name.
    """
    params: dict[str, Any] = {}
    for option in options:
        name, has_value, value = option.partition("=")
        if not (name and has_value):
            raise BadUsage(f"--param {option}: write NAME=VALUE, such as rows=100.")
        try:
            params[name] = json.loads(value)
        except ValueError:
            params[name] = value
    return params


def _print_short(run: Run, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(run.model_dump(mode="json"))
    else:
        print_line(words)


def _end(run: Run, *, is_told: bool) -> None:
    """End the command with what a run has ended with."""
    if run.status == "completed":
        if is_told:
            print_line(f"Run {run.id} completed.")
        return
    if is_told:
        print_line(f"Run {run.id} {run.status}: {run.error_message or 'no reason given'}", to_stderr=True)
    raise typer.Exit(ExitCode.FAILED)
