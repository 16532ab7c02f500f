"""Submits the jobs of the demo and waits for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from satellite.client import Job, SatelliteClient
from satellite.client.errors import Conflict
from satellite.contracts.job import JobStatus
from satellite.contracts.requires import Requires
from satellite.demo.people import Clients
from satellite.demo.work import Work

LOOKS_EVERY_S: Final = 0.5
ENDLESS: Final = ("demo-running", "demo-waiting")
"""What goes on when the demo is complete: a page of jobs that all have ended shows little."""


def submit_all(clients: Clients, works: Sequence[Work]) -> dict[str, Job]:
    """Submit each job once, however often this is called, and return them by their keys."""
    return {work.key: _submit(clients[work.person], work) for work in works}


def cancel_some(clients: Clients, works: Sequence[Work], jobs: dict[str, Job], *, until_s: float) -> None:
    """Cancel those that are to be, once they run: a cancelled job that never began shows nothing."""
    for work in works:
        if not work.cancels:
            continue
        client, job = clients[work.person], jobs[work.key]
        while job.status is JobStatus.QUEUED and time.monotonic() < until_s:
            time.sleep(LOOKS_EVERY_S)
            job = _job(client, job.id)
        if not job.is_finished and not job.cancelling:
            client.cancel(job.id)


def wait_all(
    admin: SatelliteClient, jobs: dict[str, Job], *, until_s: float, told: Callable[[int, int], None]
) -> int:
    """Wait until all but the endless ones have ended, and return how many have not in time."""
    open_ids = {job.id for key, job in jobs.items() if key not in ENDLESS and not job.is_finished}
    total = len(jobs) - len(ENDLESS)
    while open_ids:
        open_ids -= {number for number in open_ids if _job(admin, number).is_finished}
        told(total - len(open_ids), total)
        if not open_ids or time.monotonic() >= until_s:
            break
        time.sleep(LOOKS_EVERY_S)
    return len(open_ids)


def replay_one(clients: Clients, works: Sequence[Work], jobs: dict[str, Job]) -> None:
    """Run the flaky job once more, as whoever finds it in the dead letters would."""
    work = next(each for each in works if each.key == "demo-failing-flaky")
    job = _job(clients[work.person], jobs[work.key].id)
    if job.status is JobStatus.FAILED and job.attempt <= 3:
        try:
            clients[work.person].retry(job.id)
        except Conflict:
            return


def _submit(client: SatelliteClient, work: Work) -> Job:
    options = dict(work.options)
    requires = options.pop("requires", None)
    return client.submit(
        work.plugin_name,
        work.input_data,
        requires=requires and Requires.model_validate(requires),
        idempotency_key=work.key,
        **options,
    )


def _job(client: SatelliteClient, job_id: int) -> Job:
    found = client.get_job(job_id)
    assert isinstance(found, Job)  # noqa: S101  # Its number is that of a job.
    return found
