"""Shows a job's events as they come: a moving bar on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from satellite.contracts.event import Event, EventType
from satellite.visible_text import make_visible

if TYPE_CHECKING:
    from rich.console import Console

Move = Callable[[str, float | None], None]


class ProgressDisplay:
    """Turns events into a position of the bar and a few words."""

    def __init__(self, move: Move) -> None:
        self._show = move

    def show(self, event: Event) -> None:
        """Show one event; logs are left out."""
        data = event.data
        if event.type is EventType.PROGRESS:
            self._move(data.get("message") or "running", data.get("fraction"))
        elif event.type is EventType.STATUS:
            self._move(data.get("status"), None)
        elif event.type is EventType.RESULT:
            status = data.get("status")
            self._move(status, 1.0 if status == "completed" else None)
        elif event.type is EventType.RESET:
            self._move("beginning anew: the platform was recovered from a backup", None)

    def _move(self, what: Any, fraction: float | None) -> None:
        self._show(make_visible(str(what)), fraction)


@contextmanager
def progress_display(console: Console, title: str) -> Iterator[ProgressDisplay]:
    """Yield what shows events for as long as the block runs."""
    title = make_visible(title)
    if not console.is_terminal:
        yield ProgressDisplay(_lines(console, title))
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (
        TextColumn("   {task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[what]}", markup=False),
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
            console.print(f"   {line}", highlight=False, markup=False, emoji=False, soft_wrap=True)
            console.file.flush()
        last = line

    return move
