"""Progress as it is shown: on a terminal and in a pipe, whatever a plugin calls it."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from satellite.client.progress import progress_display
from satellite.contracts.event import Event, EventType
from satellite.local.announcer import Announcer

SAID = "[red]half[/red] :smile: \x1b[2J\x9b31m\r[/]"
SHOWN = "[red]half[/red] :smile: \\u001b[2J\\u009b31m\\u000d[/]"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_messages_are_no_markup_and_move_nothing(is_terminal: bool) -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=is_terminal, color_system=None, width=200)
    event = Event(
        cursor="0-0:1", job_id=7, type=EventType.PROGRESS, at=datetime.now(UTC),
        data={"fraction": 0.5, "message": SAID},
    )  # fmt: skip

    with progress_display(console, "job 7 [bold]adder") as display:
        display.show(event)

    assert SHOWN in output.getvalue()
    assert "job 7 [bold]adder" in output.getvalue()
    assert "\x9b" not in output.getvalue()


def test_notes_of_the_local_stack_are_no_markup_and_move_nothing() -> None:
    output = io.StringIO()
    announcer = Announcer(Console(file=output, force_terminal=True, color_system=None, width=200))

    announcer.note(SAID)
    announcer.warn(SAID + "\\")

    assert output.getvalue().splitlines() == [f" • {SHOWN}", f" ! {SHOWN}\\"]
