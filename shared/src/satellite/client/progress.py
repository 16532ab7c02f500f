"""Shows a job's events as they come: a moving bar on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from satellite.contracts.event import Event, EventType

if TYPE_CHECKING:
    from rich.console import Console

Move = Callable[[str, float | None], None]


class ProgressDisplay:
    """Turns events into a position of the bar and a few words."""

    def __init__(self, move: Move) -> None:
        self._move = move

    def show(self, event: Event) -> None:
        """Show one event; logs are left out."""
        data = event.data
        if event.type is EventType.PROGRESS:
            self._move(str(data.get("message") or "running"), data.get("fraction"))
        elif event.type is EventType.STATUS:
            self._move(str(data.get("status")), None)
        elif event.type is EventType.RESULT:
            status = str(data.get("status"))
            self._move(status, 1.0 if status == "completed" else None)


@contextmanager
def progress_display(console: Console, title: str) -> Iterator[ProgressDisplay]:
    """Yield what shows events for as long as the block runs."""
    if not console.is_terminal:
        yield ProgressDisplay(_lines(console, title))
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (
        TextColumn("   {task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[what]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=1.0, what="")

        def move(what: str, fraction: float | None) -> None:
            progress.update(task, what=what, completed=fraction)

        yield ProgressDisplay(move)


def _lines(console: Console, title: str) -> Move:
    last = ""

    def move(what: str, fraction: float | None) -> None:
        nonlocal last
        line = f"{title}: {what}" + ("" if fraction is None else f" {fraction:.0%}")
        if line != last:
            console.print(f"   {line}", highlight=False, markup=False, soft_wrap=True)
            console.file.flush()
        last = line

    return move
