"""Follows a run to its end: how far its tasks are, or what they print."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from satellite.cli.output import print_line, print_log
from satellite.cli.run_display import has_ended, run_display
from satellite.client.workflow_models import Run, Step
from satellite.contracts.event import EventType

if TYPE_CHECKING:
    from satellite.client import SatelliteClient

PAGE = 200


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
    """Print logs until a run ends: of each task as it ends, or of one task line by line."""
    if task is not None:
        _follow_step(client, run_id, task, map_index)
        return
    told: set[str] = set()
    for event in client.events(run_id):
        name = event.data.get("task")
        if event.type is EventType.TASK and name not in told and has_ended(event.data.get("status")):
            told.add(str(name))
            _print_task_log(client, run_id, str(name))


def _follow_step(client: SatelliteClient, run_id: int, task: str, map_index: int | None) -> None:
    job_id = _find_job(client, run_id, task, map_index)
    if job_id is None:
        return
    seen = 0
    for event in client.events(job_id):
        if event.type is EventType.LOG:
            lines = [str(line) for line in event.data.get("lines", [])]
            seen += len(lines)
            print_log("\n".join(lines))
    # What was printed before anybody listened is only in the log that is stored at the end.
    stored = client.step_log(run_id, task, map_index=map_index)
    missed = len(stored.splitlines()) - seen
    if not seen:
        print_log(stored)
    elif missed > 0:
        print_line(f"{missed} lines came before these; without --follow all are shown.", to_stderr=True)


def _find_job(client: SatelliteClient, run_id: int, task: str, map_index: int | None) -> int | None:
    """Return the job of a step, once it has one; None if the run ends without."""
    job_id = _job_of(client, run_id, task, map_index)
    if job_id is not None:
        return job_id
    for event in client.events(run_id):
        if event.type is EventType.TASK and event.data.get("task") == task:
            job_id = _job_of(client, run_id, task, map_index)
            if job_id is not None:
                return job_id
    return _job_of(client, run_id, task, map_index)


def _job_of(client: SatelliteClient, run_id: int, task: str, map_index: int | None) -> int | None:
    steps = client.list_steps(run_id, task=task, skip=map_index or 0, limit=1).items
    return steps[0].job_id if steps else None


def _print_task_log(client: SatelliteClient, run_id: int, task: str) -> None:
    from satellite.client import NotFound  # noqa: PLC0415  # Slow to import.

    for step in _steps_of(client, run_id, task):
        try:
            text = client.step_log(run_id, task, map_index=step.map_index)
        except NotFound:
            # It has not begun, and will not any more.
            continue
        prefix = task if step.map_index is None else f"{task} {step.map_index}"
        print_log("\n".join(f"[{prefix}] {line}" for line in text.splitlines()))


def _steps_of(client: SatelliteClient, run_id: int, task: str) -> Iterator[Step]:
    skip = 0
    while page := client.list_steps(run_id, task=task, skip=skip, limit=PAGE).items:
        yield from page
        skip += PAGE
