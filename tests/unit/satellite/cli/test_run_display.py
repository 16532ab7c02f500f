"""How far a run is, as events tell it: a table on a terminal, lines elsewhere."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from satellite.cli.run_display import run_display
from satellite.client import Run
from satellite.contracts.event import Event, EventSubject, EventType

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
RUN = Run.model_validate(
    {
        "id": 43, "workflow_id": 7, "workflow_name": "nightly", "version": 2, "status": "processing",
        "trigger": "manual", "revision": 1, "logical_date": NOON, "created_at": NOON,
        "tasks": [{"name": "fit", "status": "pending"}, {"name": "look", "status": "pending"}],
    }
)  # fmt: skip


def task(seconds: float, name: str, status: str, **data: Any) -> Event:
    return Event(
        cursor="1-0",
        subject=EventSubject.RUN,
        job_id=43,
        type=EventType.TASK,
        data={"task": name, "status": status, **data},
        at=NOON + timedelta(seconds=seconds),
    )


EVENTS = (
    task(0, "fit", "running", steps={"total": 3, "completed": 0, "failed": 0}),
    task(1, "fit", "running", steps={"total": 3, "completed": 2, "failed": 1}),
    task(1, "fit", "running", steps={"total": 3, "completed": 2, "failed": 1}),
    task(2.5, "fit", "failed", reason="no \x1b[31mline fits"),
    task(2.5, "look", "blocked", reason="a task before it has failed"),
)


def test_lines_tell_each_change_once(capsys: pytest.CaptureFixture[str]) -> None:
    with run_display(Console(file=io.StringIO()), RUN) as display:
        for event in EVENTS:
            display.show(event)

    assert capsys.readouterr().out.splitlines() == [
        "12:00:00 fit running 0/3",
        "12:00:01 fit running 2/3, 1 failed",
        "12:00:02 fit failed 2/3, 1 failed no \\u001b[31mline fits",
        "12:00:02 look blocked a task before it has failed",
    ]


def test_a_terminal_shows_one_table() -> None:
    screen = io.StringIO()
    with run_display(Console(file=screen, force_terminal=True, width=100, color_system=None), RUN) as display:
        for event in EVENTS:
            display.show(event)

    last = screen.getvalue().rpartition("run 43 nightly version 2")[2]
    words = [line.split() for line in last.splitlines()]
    assert ["fit", "failed", "2/3,", "1", "failed", "2.5", "s", "no", "\\u001b[31mline", "fits"] in words
    assert ["look", "blocked", "0.0", "s", "a", "task", "before", "it", "has", "failed"] in words
