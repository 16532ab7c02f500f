"""Losses have a budget of their own, and retries are for what a plugin does."""

from __future__ import annotations

from typing import Any

import pytest

from operation_server.jobs.loss_budget import loss_budget
from operation_server.jobs.transitions.policy import Decision, FinishedAttempt, LossBudget, decide
from operation_server.settings import DispatchSettings
from satellite.contracts.job import JobStatus
from satellite.contracts.outcome import ErrorKind, OutcomeStatus
from satellite.contracts.plugin_manifest import RetryPolicy


def after(kind: ErrorKind = ErrorKind.LOST, **attempt: Any) -> Decision:
    return decide(FinishedAttempt(outcome=OutcomeStatus.FAILED, kind=kind, **attempt))


@pytest.mark.parametrize(("failures", "max_retries"), [(0, 0), (3, 3), (0, 3)])
def test_a_loss_uses_up_no_retry(failures: int, max_retries: int) -> None:
    decision = after(failures=failures, max_retries=max_retries, losses=8)
    assert (decision.status, decision.run_at_delay_s) == (JobStatus.QUEUED, 0)
    assert (decision.counts_as_loss, decision.counts_as_failure) == (True, False)


def test_the_last_loss_fails_the_job_whatever_retries_are_left() -> None:
    decision = after(max_retries=100, losses=9)
    assert (decision.status, decision.rule, decision.counts_as_loss) == ("failed", "give_up_lost_job", True)


def test_losses_do_not_end_a_job_that_fails_for_another_reason() -> None:
    decision = after(ErrorKind.EXIT, max_retries=1, losses=100)
    assert (decision.status, decision.counts_as_failure) == (JobStatus.QUEUED, True)


def test_a_plugin_that_must_not_run_twice_says_so_by_its_kinds() -> None:
    decision = after(max_retries=3, retry=RetryPolicy(kinds=["exit"]))
    assert (decision.status, decision.counts_as_loss) == (JobStatus.FAILED, True)


def test_a_cancelled_job_is_not_lost() -> None:
    assert after(cancel_requested=True, losses=9).status is JobStatus.CANCELLED


def test_the_settings_say_the_same_unless_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loss_budget(DispatchSettings()) == LossBudget()
    monkeypatch.setenv("SATELLITE_DISPATCH_LOSSES_MAX", "4")
    monkeypatch.setenv("SATELLITE_DISPATCH_ALONE_AFTER_LOSSES", "2")
    assert loss_budget(DispatchSettings()) == LossBudget(losses_max=4, alone_after=2)
