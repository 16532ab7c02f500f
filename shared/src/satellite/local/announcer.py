"""What `satellite up` says while it works: lines for people, and the one line that programs wait for."""

from __future__ import annotations

import time

from rich.console import Console
from rich.text import Text

from satellite.local.process import ProcessSpec
from satellite.local.supervisor import PartState
from satellite.visible_text import make_visible


class Announcer:
    """Prints the start, the restarts and the end of the stack's parts."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._began = time.monotonic()
        self.is_stopping = False

    @property
    def elapsed_s(self) -> float:
        """Seconds since the command was given."""
        return time.monotonic() - self._began

    def part(self, spec: ProcessSpec, state: PartState, detail: str) -> None:
        """Tell of a change of a process."""
        title = spec.title or spec.name
        if state is PartState.READY:
            self._line("[green]✓[/green]", f"{title:<22}", f"{self.elapsed_s:5.1f} s")
        elif state in {PartState.ENDED, PartState.TROUBLED} and not self.is_stopping:
            self._line("[yellow]![/yellow]", title, detail)
        elif state is PartState.STOPPED:
            self._line("[dim]·[/dim]", title, "stopped")

    def note(self, text: str) -> None:
        """Tell something worth knowing."""
        self._line("[blue]•[/blue]", text)

    def warn(self, text: str) -> None:
        """Tell something that did not work but stops nothing."""
        self._line("[yellow]![/yellow]", text)

    def ready(self, url: str) -> None:
        """Print the line that programs wait for: plain, and flushed into a pipe at once."""
        self.console.file.flush()
        print(f"ready {url} ({self.elapsed_s:.1f} s)", file=self.console.file, flush=True)

    def _line(self, mark: str, *words: str) -> None:
        line = Text.assemble(" ", Text.from_markup(mark), f" {make_visible(' '.join(words))}")
        self.console.print(line, highlight=False, soft_wrap=True)
        self.console.file.flush()
