"""How far the jobs of the demo are, shown while one waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def jobs_display(*, is_shown: bool) -> Iterator[Callable[[int, int], None]]:
    """Yield what is told how many jobs of how many have ended."""
    if not is_shown:
        yield lambda _ended, _total: None
        return
    from rich.console import Console  # noqa: PLC0415  # Slow to import.
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

    columns = (TextColumn("jobs"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda ended, total: progress.update(task, completed=ended, total=total)
