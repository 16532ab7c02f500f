"""Follows a job live on stderr, so that stdout carries its result alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satellite.contracts.event import EventType

if TYPE_CHECKING:
    from satellite.client import Job, SatelliteClient


def follow(client: SatelliteClient, job: Job, *, timeout_s: float | None, is_silent: bool) -> Job:
    """Show a job's progress until it ends and return it.

    Raises:
        WaitTimedOut: it did not end within `timeout_s`.
    """
    if is_silent:
        return client.wait(job.id, timeout_s=timeout_s)
    from rich.console import Console  # noqa: PLC0415

    from satellite.client.progress import progress_display  # noqa: PLC0415

    with progress_display(Console(stderr=True), f"job {job.id} {job.plugin_name}") as display:
        for event in client.events(job.id, timeout_s=timeout_s):
            display.show(event)
            if event.type is EventType.RESULT:
                break
    return client.wait(job.id, timeout_s=0 if timeout_s is not None else None)
