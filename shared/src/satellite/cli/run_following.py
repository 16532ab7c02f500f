"""Follows a run to its end: how far its tasks are, or what they print."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from satellite.cli.output import print_log
from satellite.cli.run_display import run_display
from satellite.client.workflow_models import Run

if TYPE_CHECKING:
    from satellite.client import SatelliteClient


def follow_run(
    client: SatelliteClient,
    run_id: int,
    *,
    timeout_s: float | None,
    is_silent: bool = False,
    to_stderr: bool = False,
) -> Run:
    """Show how far the tasks of a run are until it ends, and return it.

    Raises:
        WaitTimedOut: it did not end within `timeout_s`.
    """
    if is_silent:
        return client.wait_run(run_id, timeout_s=timeout_s)
    run = client.get_run(run_id)
    from rich.console import Console  # noqa: PLC0415

    deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
    after = None
    with run_display(Console(stderr=to_stderr), run) as display:
        while True:
            left_s = None if deadline_s is None else max(0.0, deadline_s - time.monotonic())
            for event in client.events(run_id, after=after, timeout_s=left_s):
                display.show(event)
                after = event.cursor
            # An end that is told may be one before a retry, after which the run goes on.
            if left_s == 0 or client.get_run(run_id).is_finished:
                break
    return client.wait_run(run_id, timeout_s=0 if timeout_s is not None else None)


def follow_logs(client: SatelliteClient, run_id: int, task: str | None, map_index: int | None) -> None:
    """Print lines as they come until a run ends: of all its tasks after their names, or of one task alone."""
    is_told = False
    for told in client.follow_log(run_id):
        if task is None:
            name = told.task if told.map_index is None else f"{told.task} {told.map_index}"
            print_log("\n".join(f"[{name}] {line}" for line in told.lines))
        elif told.task == task and map_index in {None, told.map_index}:
            print_log("\n".join(told.lines))
            is_told = True
    if task is not None and not is_told:
        # It is none of the first steps, whose logs that of the run has; or there is none, which is told.
        print_log(client.step_log(run_id, task, map_index=map_index))
