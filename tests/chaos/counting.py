"""Waits for the last jobs, then sorts every submission into the tally."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx

from tests.acceptance.platform import Platform
from tests.chaos.client import connect, persist
from tests.chaos.judge import Case, judge
from tests.chaos.load import Load
from tests.chaos.marks import Marks
from tests.chaos.record import Record
from tests.chaos.tally import Tally

SETTLE_S = 180
"""After the last fault every job must have ended within this time."""
PAGE = 200


def settle(record: Record) -> None:
    """Wait until every job has ended, at most as long as it may take."""
    deadline = time.monotonic() + SETTLE_S
    while record.count_unfinished() and time.monotonic() < deadline:
        time.sleep(0.5)


def count(platform: Platform, load: Load, marks: Marks, tally: Tally) -> None:
    """Sort every submission into the tally."""
    record = Record(platform)
    attempts, closings = record.attempts(), record.closings()
    with connect(platform) as client:
        jobs = {job["id"]: job for job in list_jobs(client)}
    for submission in load.submissions:
        job_id = submission.job_id
        judge(
            Case(
                submission=submission,
                job=jobs.pop(job_id, None) if job_id is not None else None,
                attempts=attempts.get(job_id, ()) if job_id is not None else (),
                closings=closings.get(job_id, ()) if job_id is not None else (),
                executions=marks.of(submission),
            ),
            tally,
        )
    # What is left came of nobody's submission, so one of them was taken twice.
    tally.doubly_effective += [{"job": job_id, "kind": "nobody submitted it"} for job_id in jobs]


def list_jobs(client: httpx.Client) -> Iterator[dict[str, Any]]:
    """Yield every job as a user sees it."""
    cursor: dict[str, Any] | None = {}
    while cursor is not None:
        params = {"limit": PAGE, **cursor}
        page = persist(lambda params=params: client.get("/jobs", params=params))  # type: ignore[misc]
        yield from page["items"]
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
