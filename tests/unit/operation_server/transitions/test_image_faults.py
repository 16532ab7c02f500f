"""A plugin that cannot be started is not tried again, unless it wants that."""

from __future__ import annotations

import pytest

from operation_server.jobs.transitions.policy import FinishedAttempt, decide
from satellite.contracts.job import JobStatus
from satellite.contracts.outcome import ErrorKind, OutcomeStatus
from satellite.contracts.plugin_manifest import RetryPolicy


@pytest.mark.parametrize(
    ("kind", "wanted", "status"),
    [
        (ErrorKind.IMAGE, None, JobStatus.FAILED),
        (ErrorKind.IMAGE, ["exit"], JobStatus.FAILED),
        (ErrorKind.IMAGE, ["exit", "image"], JobStatus.QUEUED),
        (ErrorKind.EXIT, None, JobStatus.QUEUED),
        (ErrorKind.INPUT, ["input"], JobStatus.FAILED),
    ],
)
def test_an_image_fault_has_one_attempt(kind: ErrorKind, wanted: list[str] | None, status: JobStatus) -> None:
    attempt = FinishedAttempt(
        outcome=OutcomeStatus.FAILED, kind=kind, max_retries=3, retry=RetryPolicy(kinds=wanted)
    )
    assert decide(attempt).status is status
