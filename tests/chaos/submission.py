"""What was asked of the platform, and the ways to ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tests.chaos.client import persist

if TYPE_CHECKING:
    from tests.chaos.work import Kind

ENDED = frozenset({"completed", "failed", "cancelled"})
LOOK_AGAIN_S = 0.5


@dataclass(kw_only=True)
class Submission:
    """One job that is asked for, and what is known of it outside the platform."""

    number: int
    kind: Kind
    body: dict[str, Any]
    key: str
    job_id: int | None = None
    """None until the platform has accepted it."""
    is_cancelled: bool = False
    lives: int = 1
    """One more for each retry that was asked for by hand."""


Submit = Callable[[httpx.Client, Sequence[Submission]], list[int]]
"""Submits until accepted; returns the jobs' ids in order."""
FollowUp = Callable[[httpx.Client, Submission], float | None]
"""Does something about an accepted job; returns after how many seconds it wants to look again."""


def submit_singly(client: httpx.Client, submissions: Sequence[Submission]) -> list[int]:
    """Submit each by a request of its own, with an idempotency key."""
    return [_submit_one(client, submission) for submission in submissions]


def submit_as_batch(client: httpx.Client, submissions: Sequence[Submission]) -> list[int]:
    """Submit all by one request, each with an idempotency key."""
    jobs = [{**submission.body, "idempotency_key": submission.key} for submission in submissions]
    ids: list[int] = persist(lambda: client.post("/jobs/batch", json={"jobs": jobs}))["ids"]
    return ids


def _submit_one(client: httpx.Client, submission: Submission) -> int:
    headers = {"Idempotency-Key": submission.key}
    job_id: int = persist(lambda: client.post("/jobs", json=submission.body, headers=headers))["id"]
    return job_id


def cancel(client: httpx.Client, submission: Submission) -> float | None:
    """Cancel the job, wherever it is; one that has finished is left alone."""
    persist(lambda: client.post(f"/jobs/{submission.job_id}/cancel"), also={409})
    submission.is_cancelled = True
    return None


def cancel_then_retry(client: httpx.Client, submission: Submission) -> float | None:
    """Cancel the job and, once it is cancelled, have it run again."""
    if not submission.is_cancelled:
        cancel(client, submission)
    status = persist(lambda: client.get(f"/jobs/{submission.job_id}"))["status"]
    if status not in ENDED:
        return LOOK_AGAIN_S
    if status == "cancelled":
        submission.lives += 1
        # Refused when an earlier request was heard and only its answer was lost.
        persist(lambda: client.post(f"/jobs/{submission.job_id}/retry"), also={409})
    return None
