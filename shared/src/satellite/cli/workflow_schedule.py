"""`satellite workflow schedule`, `pause`, `resume` and `backfill`: when workflows run by themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from satellite.cli.errors import BadUsage
from satellite.cli.output import AsJSON, print_fields, print_json, print_line, print_table
from satellite.cli.session import open_client
from satellite.cli.workflow_named import Named, find_named
from satellite.contracts.workflow_schedule import BackfillScope

if TYPE_CHECKING:
    from satellite.client import Backfill, ScheduleState, Tick


def schedule(workflow: Named, as_json: AsJSON = False) -> None:
    """Show when a workflow runs by itself, and what became of its last ticks."""
    with open_client() as client:
        found = find_named(client, workflow)
        state, ticks = client.get_schedule(found.id), client.list_ticks(found.id, limit=10).items
    if as_json:
        print_json(
            {**state.model_dump(mode="json"), "ticks": [tick.model_dump(mode="json") for tick in ticks]}
        )
        return
    print_fields([("schedule", state.schedule or "none"), ("state", _state(state)), ("fault", state.fault)])
    following = [(_moment(tick.at), f"{tick.local:%H:%M %z}", tick.note) for tick in state.next_ticks]
    if following:
        print_table(["next", "local", ""], following)
    if ticks:
        print_table(["tick", "fate", "run", "status"], [_row(tick) for tick in ticks])


def pause(workflow: Named, as_json: AsJSON = False) -> None:
    """Let the ticks of a workflow come to nothing; runs that were begun go on."""
    with open_client() as client:
        state = client.pause_workflow(find_named(client, workflow).id)
    _print_state(state, "Paused", as_json=as_json)


def resume(workflow: Named, as_json: AsJSON = False) -> None:
    """Let the next tick of a workflow begin a run again."""
    with open_client() as client:
        state = client.resume_workflow(find_named(client, workflow).id)
    _print_state(state, "Resumed", as_json=as_json)


def backfill(  # noqa: PLR0917 - typer reads options from parameters
    workflow: Named,
    start: Annotated[str, typer.Option("--from", metavar="MOMENT", help="Such as 2026-01-01, in UTC.")],
    end: Annotated[str, typer.Option("--to", metavar="MOMENT", help="The last tick is not after it.")],
    scope: Annotated[BackfillScope, typer.Option(help="For which of these ticks.")] = BackfillScope.MISSING,
    max_active: Annotated[int, typer.Option(min=1, max=100, help="Runs at once.")] = 1,
    reverse: Annotated[bool, typer.Option("--reverse", help="The newest tick first.")] = False,
    version: Annotated[int | None, typer.Option(min=1, help="This version [the deployed one].")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would run, and begin nothing.")
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Run a workflow for ticks of the past."""
    span = read_moment(start, "--from"), read_moment(end, "--to")
    options: dict[str, Any] = {"scope": scope.value, "reverse": reverse, "version": version}
    with open_client() as client:
        workflow_id = find_named(client, workflow).id
        if dry_run:
            plan = client.plan_backfill(workflow_id, *span, **options)
        else:
            begun = client.backfill(workflow_id, *span, max_active=max_active, **options)
    if as_json:
        print_json((plan if dry_run else begun).model_dump(mode="json"))
    elif dry_run:
        print_table(
            ["tick", "left out"], [(_moment(tick.scheduled_for), tick.left_out) for tick in plan.ticks]
        )
        print_line(f"{plan.total} runs of version {plan.version}.")
    else:
        print_line(f"Backfill {begun.number} of {begun.total} runs has begun.")


def backfills(
    workflow: Named,
    cancel: Annotated[int | None, typer.Option(min=1, metavar="NUMBER", help="End this one.")] = None,
    as_json: AsJSON = False,
) -> None:
    """List the backfills of a workflow, or end one: its runs are cancelled."""
    with open_client() as client:
        workflow_id = find_named(client, workflow).id
        if cancel is not None:
            client.cancel_backfill(workflow_id, cancel)
        page = client.list_backfills(workflow_id)
    if as_json:
        print_json(page.model_dump(mode="json"))
        return
    columns = ["number", "from", "to", "status", "completed", "failed", "of", "fault"]
    print_table(columns, [_backfill_row(each) for each in page.items])


def read_moment(text: str, option: str) -> datetime:
    """Return a moment in ISO 8601; without a zone it is in UTC.

    Raises:
        BadUsage: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadUsage(f"{option} {text}: write a moment such as 2026-01-02 or 2026-01-02T03:04Z.") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _print_state(state: ScheduleState, done: str, *, as_json: bool) -> None:
    if as_json:
        print_json(state.model_dump(mode="json"))
        return
    following = f"; next run at {_moment(state.next_ticks[0].at)}" if state.next_ticks else ""
    print_line(f"{done} workflow {state.workflow_id}{following}.")


def _state(state: ScheduleState) -> str:
    if not state.is_deployed:
        return "never deployed"
    return "active" if state.is_active else "paused"


def _row(tick: Tick) -> tuple[Any, ...]:
    span = _moment(tick.scheduled_for) + (f" to {_moment(tick.through)}" if tick.through else "")
    return span, tick.fate, tick.run_id, tick.run_status


def _backfill_row(each: Backfill) -> tuple[Any, ...]:
    span = _moment(each.start), _moment(each.end)
    return each.number, *span, each.status, each.completed, each.failed, each.total, each.fault


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M UTC}"
