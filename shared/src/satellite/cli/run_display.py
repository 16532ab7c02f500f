"""How far the tasks of a run are: one table on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from satellite.cli.output import print_line
from satellite.client.workflow_models import Run, TaskState
from satellite.contracts.event import Event, EventType
from satellite.contracts.workflow_run import TaskStatus
from satellite.visible_text import make_visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

STYLES = {
    "completed": "green",
    "running": "blue",
    "waiting": "yellow",
    "failed": "red",
    "blocked": "dim",
    "skipped": "dim",
}


class RunDisplay:
    """How far the tasks of a run are, as its events tell."""

    def __init__(self, run: Run, live: Live | None, *, to_stderr: bool) -> None:
        self._live = live
        self._to_stderr = to_stderr
        self._run = run
        self._tasks = {task.name: task for task in run.tasks or []}

    def show(self, event: Event) -> None:
        """Show one event."""
        data = event.data
        if event.type is EventType.TASK:
            self._change(str(data.get("task")), data, event.at)
        elif event.type is EventType.STATUS and self._live is None:
            print_line(
                f"{event.at:%H:%M:%S} run {event.job_id} {data.get('status')}", to_stderr=self._to_stderr
            )

    def _change(self, name: str, data: dict[str, Any], at: datetime) -> None:
        known = self._tasks.get(name)
        changes = {key: data[key] for key in ("status", "reason", "steps", "job_id") if key in data}
        before = known.model_dump() if known is not None else {"name": name}
        begun = before.get("started_at") or at
        task = TaskState.model_validate(
            {
                **before,
                **changes,
                "started_at": begun,
                "ended_at": at if has_ended(data.get("status")) else None,
            }
        )
        self._tasks[name] = task
        if self._live is not None:
            self._live.update(self.table(), refresh=True)
        elif known is None or (task.status, task.steps) != (known.status, known.steps):
            print_line(f"{at:%H:%M:%S} {_line(task)}", to_stderr=self._to_stderr)

    def table(self) -> Table:
        """Return all tasks as a table."""
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        title = f"run {self._run.id} {self._run.workflow_name} version {self._run.version}"
        table = Table(
            "task", "status", "steps", "time", "", box=None, pad_edge=False, title=make_visible(title)
        )
        for task in self._tasks.values():
            cells = (task.name, str(task.status), _steps(task), _time(task), (task.reason or "")[:60])
            style = STYLES.get(str(task.status), "")
            table.add_row(*(Text(make_visible(cell), style=style) for cell in cells))
        return table


@contextmanager
def run_display(console: Console, run: Run) -> Iterator[RunDisplay]:
    """Yield what shows the events of a run for as long as the block runs."""
    if not console.is_terminal:
        yield RunDisplay(run, None, to_stderr=console.stderr)
        return
    from rich.live import Live  # noqa: PLC0415

    with Live(console=console, auto_refresh=False) as live:
        display = RunDisplay(run, live, to_stderr=console.stderr)
        live.update(display.table(), refresh=True)
        yield display


def _line(task: TaskState) -> str:
    words = (task.name, str(task.status), _steps(task), task.reason or "")
    return " ".join(word for word in words if word)


def _steps(task: TaskState) -> str:
    steps = task.steps
    if steps.total is None or steps.total <= 1:
        return ""
    return f"{steps.completed}/{steps.total}" + (f", {steps.failed} failed" if steps.failed else "")


def _time(task: TaskState) -> str:
    if task.started_at is None or task.ended_at is None:
        return ""
    return f"{(task.ended_at - task.started_at).total_seconds():.1f} s"


def has_ended(status: Any) -> bool:
    """Tell whether a task with this status has ended, as far as it is known."""
    return status in set(TaskStatus) and TaskStatus(status).is_terminal
