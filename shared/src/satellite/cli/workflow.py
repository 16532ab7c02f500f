"""`satellite workflow`: workflows as files, what of them is deployed, and their runs."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from satellite.cli import workflow_export, workflow_run, workflow_schedule, workflow_shown
from satellite.cli.exit_codes import ExitCode
from satellite.cli.output import AsJSON, print_json, print_line, print_log
from satellite.cli.session import open_client
from satellite.cli.workflow_export import text_of
from satellite.cli.workflow_named import Named, find_named

if TYPE_CHECKING:
    from satellite.authoring.workflow_folder import WorkflowFolder
    from satellite.client import Deployment, Draft, SatelliteClient, Workflow

app = typer.Typer(help="Make workflows of files, deploy them, run them.", no_args_is_help=True)

Place = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER", help="With its workflow.yaml or workflow.json; or such a file.", exists=True
    ),
]


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="A new folder; its name is the workflow's.")]) -> None:
    """Make the folder of a new workflow, which runs as it is."""
    from satellite.authoring.new_workflow import make_workflow  # noqa: PLC0415

    for file in make_workflow(folder):
        print_line(str(file))
    print_line(f"Next: satellite workflow apply {folder} --deploy")


@app.command()
def apply(
    folder: Place,
    deploy: Annotated[bool, typer.Option("--deploy", help="Deploy it as well.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Make the workflow that a folder says, or change yours of this name; shows what changes."""
    here = _read(folder)
    with open_client() as client:
        known = client.find_workflow(here.definition.name)
        there = None if known is None else client.get_draft(known.id)
        if known is None:
            known = client.create_workflow(here.document)
        elif there is not None and there.document != here.document:
            client.replace_draft(known.id, here.document, revision=there.revision)
        if not as_json:
            _print_applied(known, there, here)
        deployed = _deployed(client, known.id, here, as_json=as_json) if deploy else None
    if as_json:
        is_changed = there is None or there.document != here.document
        shown = None if deployed is None else deployed.model_dump(mode="json")
        print_json({"id": known.id, "is_new": there is None, "is_changed": is_changed, "deployed": shown})


@app.command()
def diff(folder: Place, as_json: AsJSON = False) -> None:
    """Show how a folder differs from the workflow on the server; exit code 1 if it does."""
    here = _read(folder)
    with open_client() as client:
        known = client.find_workflow(here.definition.name)
        there = {} if known is None else client.get_draft(known.id).document
    lines = _diff(there, here.document)
    if as_json:
        print_json({"id": known and known.id, "is_different": bool(lines), "diff": lines})
    else:
        print_log("\n".join(lines))
    if lines:
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def deploy(workflow: Named, as_json: AsJSON = False) -> None:
    """Make a workflow as it is now the version that runs."""
    with open_client() as client:
        found = find_named(client, workflow)
        deployed = _deployed(client, found.id, None, as_json=as_json)
    if as_json:
        print_json(deployed.model_dump(mode="json"))


def _read(folder: Path) -> WorkflowFolder:
    from satellite.authoring.workflow_folder import read_workflow  # noqa: PLC0415  # Slow to import.

    return read_workflow(folder)


def _print_applied(known: Workflow, there: Draft | None, here: WorkflowFolder) -> None:
    if there is None:
        print_line(f"Made workflow {known.id} {known.name} with {len(here.definition.tasks)} tasks.")
    elif there.document == here.document:
        print_line(f"Workflow {known.id} {known.name} is as it is here.")
    else:
        print_log("\n".join(_diff(there.document, here.document)))
        print_line(f"Changed workflow {known.id} {known.name}.")


def _deployed(
    client: SatelliteClient, workflow_id: int, here: WorkflowFolder | None, *, as_json: bool
) -> Deployment:
    """Deploy a workflow and say so, or say each of its faults in a line."""
    from satellite.authoring.workflow_folder import place_of  # noqa: PLC0415  # Slow to import.
    from satellite.client import Refused  # noqa: PLC0415

    try:
        deployed = client.deploy_workflow(workflow_id)
    except Refused as refusal:
        if as_json or refusal.code != "workflow_unfit":
            raise
        files = {} if here is None else here.files
        for fault in refusal.violations:
            where = place_of(fault["pointer"], fault["message"], files)
            print_line(f"{where}: {fault['message']}", to_stderr=True)
        raise typer.Exit(ExitCode.REFUSED) from refusal
    if not as_json:
        _print_deployed(deployed)
    return deployed


def _print_deployed(deployed: Deployment) -> None:
    state = "is deployed" if deployed.is_new else "was deployed already"
    print_line(f"Version {deployed.version} {state}.")
    for warning in deployed.warnings:
        print_line(warning, to_stderr=True)
    if deployed.next_ticks:
        print_line(f"Runs next at {deployed.next_ticks[0]:%Y-%m-%d %H:%M %Z}.")


def _diff(there: dict[str, Any], here: dict[str, Any]) -> list[str]:
    before, after = (text_of(each).splitlines() if each else [] for each in (there, here))
    return list(difflib.unified_diff(before, after, "server", "here", lineterm=""))


app.command("list")(workflow_shown.list_workflows)
for _command in (
    workflow_shown.show,
    workflow_export.export,
    workflow_run.trigger,
    workflow_run.runs,
    workflow_run.watch,
    workflow_run.logs,
    workflow_run.approve,
    workflow_run.reject,
    workflow_run.cancel,
    workflow_run.retry,
    workflow_run.restart,
    workflow_schedule.schedule,
    workflow_schedule.pause,
    workflow_schedule.resume,
    workflow_schedule.backfill,
    workflow_schedule.backfills,
):
    app.command(_command.__name__)(_command)
app.command("import")(workflow_export.import_dag)
