"""`satellite workflow list` and `show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from satellite.cli import workflow_run
from satellite.cli.output import AsJSON, print_fields, print_json, print_line, print_table
from satellite.cli.session import open_client
from satellite.cli.workflow_named import Named, find_named

if TYPE_CHECKING:
    from satellite.client import Workflow


def list_workflows(
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50, as_json: AsJSON = False
) -> None:
    """List workflows, newest first."""
    with open_client() as client:
        page = client.list_workflows(limit=limit)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    rows = [
        (each.id, each.name, each.deployed_version, _schedule(each), f"{each.updated_at:%Y-%m-%d %H:%M}")
        for each in page.items
    ]
    print_table(["id", "name", "version", "schedule", "changed"], rows)
    print_line(f"{len(page.items)} of {page.total}")


def show(workflow: Named, as_json: AsJSON = False) -> None:
    """Show a workflow, its tasks and its newest runs."""
    with open_client() as client:
        found = find_named(client, workflow)
        runs = client.list_runs(found.id, limit=5).items
    if as_json:
        print_json({**found.model_dump(mode="json"), "runs": [run.model_dump(mode="json") for run in runs]})
        return
    print_fields(
        [
            ("id", str(found.id)), ("name", found.name), ("description", found.description or None),
            ("version", found.deployed_version), ("revision", found.revision), ("schedule", _schedule(found)),
            ("params", found.params or None), ("settings", _stated(found.settings)),
        ]
    )  # fmt: skip
    print_table(
        ["task", "kind", "after"],
        [(task.name, task.kind, ", ".join(task.dependencies)) for task in found.tasks or []],
    )
    if runs:
        print_table(workflow_run.COLUMNS, [workflow_run.row(run) for run in runs])


def _stated(settings: dict[str, Any]) -> dict[str, Any] | None:
    return {name: value for name, value in settings.items() if value} or None


def _schedule(workflow: Workflow) -> str | None:
    schedule = workflow.schedule
    if schedule is None:
        return None
    when = schedule.get("cron") or f"every {schedule.get('every_s'):g} s"
    return f"{when} {schedule.get('timezone', 'UTC')}{'' if workflow.is_active else ', not active'}"
