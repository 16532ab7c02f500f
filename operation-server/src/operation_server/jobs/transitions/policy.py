"""What follows a finished attempt: an ordered list of rules, the first that has an opinion decides.

Pure: no clock, no database. Whether the attempt is still the job's newest was settled before (the fence).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from satellite.contracts.job import JobStatus
from satellite.contracts.outcome import ErrorKind, OutcomeStatus
from satellite.contracts.plugin_manifest import RetryPolicy

NEVER_RETRIED: Final = frozenset({ErrorKind.INPUT, ErrorKind.OUTPUT, ErrorKind.RESOURCES})
"""Kinds that would fail the same way again, whatever a plugin's policy says."""
RETRIED_ON_WISH: Final = frozenset({ErrorKind.IMAGE})
"""Kinds that would most likely fail the same way again; a plugin whose image comes late may name them."""

DEFAULT_RETRY: Final = RetryPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class LossBudget:
    """What becomes of a job whose workers die again and again.

    Why so: `docs/decisions/0024-losses-have-a-budget-of-their-own.md`.
    """

    losses_max: int = 10
    """At its loss of this number a job fails."""
    alone_after: int = 3
    """After so many losses a job is a suspect: it runs alone on its worker from then on."""

    def is_suspect(self, losses: int) -> bool:
        """Tell whether a job was there at so many deaths that it may be their cause."""
        return losses >= self.alone_after


DEFAULT_LOSSES: Final = LossBudget()


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedAttempt:
    """What the rules look at."""

    outcome: OutcomeStatus
    kind: ErrorKind | None = None
    failures: int = 0
    """Counted failures before this attempt."""
    max_retries: int = 0
    losses: int = 0
    """Times that the job was lost before this attempt."""
    losses_max: int = DEFAULT_LOSSES.losses_max
    cancel_requested: bool = False
    retry: RetryPolicy = DEFAULT_RETRY


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The job's next status; `run_at_delay_s` says when it may run again, 0 keeps its place in the queue."""

    status: JobStatus
    rule: str
    run_at_delay_s: float | None = None
    counts_as_failure: bool = False
    counts_as_loss: bool = False
    """Against the budget of losses, which is not that of the plugin's retries."""


Rule = Callable[[FinishedAttempt], Decision | None]


def complete_finished_work(attempt: FinishedAttempt) -> Decision | None:
    """Completes a job whose work is done, even if its cancel was requested meanwhile."""
    if attempt.outcome is OutcomeStatus.COMPLETED:
        return Decision(status=JobStatus.COMPLETED, rule="complete_finished_work")
    return None


def cancel_on_request(attempt: FinishedAttempt) -> Decision | None:
    """Cancels a job that was asked to stop, however the attempt ended."""
    if attempt.cancel_requested:
        return Decision(status=JobStatus.CANCELLED, rule="cancel_on_request")
    return None


def hand_back_uncounted(attempt: FinishedAttempt) -> Decision | None:
    """Queues a job again at its old place when the attempt ended for no fault of the job.

    A worker that drains interrupts its attempts; a stale cancel key may stop one that nobody wants cancelled.
    """
    if attempt.outcome in {OutcomeStatus.INTERRUPTED, OutcomeStatus.CANCELLED}:
        return Decision(status=JobStatus.QUEUED, rule="hand_back_uncounted", run_at_delay_s=0)
    return None


def fail_hopeless_error(attempt: FinishedAttempt) -> Decision | None:
    """Fails a job whose error a retry cannot cure, or that its plugin wants no retry for."""
    wanted = attempt.retry.kinds
    is_unwanted = attempt.kind in RETRIED_ON_WISH if wanted is None else attempt.kind not in wanted
    if attempt.kind in NEVER_RETRIED or is_unwanted:
        is_loss = attempt.kind is ErrorKind.LOST
        return Decision(
            status=JobStatus.FAILED,
            rule="fail_hopeless_error",
            counts_as_failure=not is_loss,
            counts_as_loss=is_loss,
        )
    return None


def give_up_lost_job(attempt: FinishedAttempt) -> Decision | None:
    """Fails a job that was there at so many deaths of workers that it seems to be their cause."""
    if attempt.kind is ErrorKind.LOST and attempt.losses + 1 >= attempt.losses_max:
        return Decision(status=JobStatus.FAILED, rule="give_up_lost_job", counts_as_loss=True)
    return None


def rerun_lost_attempt(attempt: FinishedAttempt) -> Decision | None:
    """Gives a lost attempt to another worker at once: neither its retries nor its backoff are for that."""
    if attempt.kind is ErrorKind.LOST:
        return Decision(
            status=JobStatus.QUEUED, rule="rerun_lost_attempt", run_at_delay_s=0, counts_as_loss=True
        )
    return None


def fail_exhausted_job(attempt: FinishedAttempt) -> Decision | None:
    """Fails a job that has used up its retries; it stands in the dead letters then."""
    if attempt.failures + 1 > attempt.max_retries:
        return Decision(status=JobStatus.FAILED, rule="fail_exhausted_job", counts_as_failure=True)
    return None


def retry_after_backoff(attempt: FinishedAttempt) -> Decision:
    """Queues a failed job again after the delay of its plugin's policy."""
    return Decision(
        status=JobStatus.QUEUED,
        rule="retry_after_backoff",
        run_at_delay_s=retry_delay_s(attempt.retry, attempt.failures + 1),
        counts_as_failure=True,
    )


RULES: Final[tuple[Rule, ...]] = (
    complete_finished_work,
    cancel_on_request,
    hand_back_uncounted,
    fail_hopeless_error,
    give_up_lost_job,
    rerun_lost_attempt,
    fail_exhausted_job,
    retry_after_backoff,
)


def decide(attempt: FinishedAttempt) -> Decision:
    """Return what the first rule with an opinion says; the last rule always has one."""
    return next(decision for rule in RULES if (decision := rule(attempt)) is not None)


def allowed_retry(own: RetryPolicy | None, plugin: RetryPolicy | None) -> RetryPolicy | None:
    """Return the policy of a job: its own if it has one, without kinds that its plugin's author left out.

    Those were refused when it was submitted, but it may run with another version since.
    """
    if own is None or plugin is None or plugin.kinds is None:
        return own or plugin
    kinds = plugin.kinds if own.kinds is None else [kind for kind in own.kinds if kind in plugin.kinds]
    return own.model_copy(update={"kinds": kinds})


def retry_delay_s(policy: RetryPolicy, failures: int) -> float:
    """Return the delay before the retry that follows the `failures`-th failure."""
    try:
        delay = policy.delay_s * policy.factor ** (failures - 1)
    except OverflowError:
        return policy.max_delay_s
    return min(delay, policy.max_delay_s)
