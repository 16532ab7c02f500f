"""Waits for the last jobs, then sorts every submission into the tally."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import httpx

from tests.acceptance.platform import Platform
from tests.chaos.client import connect, persist
from tests.chaos.judge import Case, judge
from tests.chaos.judge_run import RunCase, judge_run
from tests.chaos.load import Load
from tests.chaos.marks import Marks
from tests.chaos.record import Record
from tests.chaos.runs import RunAsked, RunLoad, step_of
from tests.chaos.tally import Tally

SETTLE_S = 180
"""After the last fault every job must have ended within this time."""
PAGE = 200
Told: TypeAlias = Mapping[int, Sequence[dict[str, Any]]]
"""What PostgreSQL has recorded, by job."""


def settle(record: Record) -> None:
    """Wait until every job has ended, at most as long as it may take."""
    deadline = time.monotonic() + SETTLE_S
    while record.count_unfinished() and time.monotonic() < deadline:
        time.sleep(0.5)


def count(platform: Platform, load: Load, runs: RunLoad, marks: Marks, tally: Tally) -> None:
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
    with connect(platform) as client:
        for asked in runs.runs:
            run = jobs.pop(asked.run_id, None) if asked.run_id is not None else None
            case = run_case(client, asked, run, closings)
            judge_run(case, tally)
            for job in case.jobs:
                judge(step_case(job, attempts, closings, marks), tally)
    # What is left came of nobody's submission, so one of them was taken twice.
    tally.doubly_effective += [{"job": job_id, "kind": "nobody submitted it"} for job_id in jobs]


def run_case(client: httpx.Client, asked: RunAsked, run: dict[str, Any] | None, closings: Told) -> RunCase:
    """Return all that is known of a run."""
    if run is None:
        return RunCase(asked=asked, run=None)
    run_id = run["id"]
    steps = persist(lambda: client.get(f"/runs/{run_id}/steps", params={"limit": PAGE}))["items"]
    return RunCase(
        asked=asked,
        run=persist(lambda: client.get(f"/jobs/{run_id}")),
        steps=steps,
        jobs=list(list_jobs(client, run_id=run_id)),
        closings=closings.get(run_id, ()),
    )


def step_case(job: dict[str, Any], attempts: Told, closings: Told, marks: Marks) -> Case:
    """Return all that is known of the job of a step."""
    submission = step_of(job)
    return Case(
        submission=submission,
        job=job,
        attempts=attempts.get(job["id"], ()),
        closings=closings.get(job["id"], ()),
        executions=marks.of(submission),
    )


def list_jobs(client: httpx.Client, **wanted: int) -> Iterator[dict[str, Any]]:
    """Yield every job and run as a user sees them, or the jobs of the steps of one run."""
    cursor: dict[str, Any] | None = {}
    while cursor is not None:
        params = {"limit": PAGE, **wanted, **cursor}
        page = persist(lambda params=params: client.get("/jobs", params=params))  # type: ignore[misc]
        yield from page["items"]
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
