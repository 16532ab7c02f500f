"""After a recovery of the database: what was under way at its moment, or may have run since, is settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from operation_server.jobs.transitions.cancel import ended_as_cancelled
from operation_server.jobs.transitions.ending import EndedAttempt, LockedAttempt, end_attempts, lock_attempts
from operation_server.jobs.transitions.fail_waiting import fail_waiting
from operation_server.jobs.transitions.policy import Decision
from operation_server.jobs.transitions.timings import job_timings
from operation_server.models.job_states import WAITING, active, waiting
from satellite.contracts.identity import AttemptKey
from satellite.contracts.job import JobStatus
from satellite.contracts.outcome import ErrorKind, JobError, OutcomeStatus

ATTEMPTS_LEFT_OUT: Final = 1_000
"""So many numbers of attempts are given to nobody: they may have been given before the recovery."""
AT_ONCE: Final = 500
MAY_HAVE_RUN: Final = JobError(
    kind=ErrorKind.LOST,
    message="The platform was recovered from a backup, and the job may have run since. Its plugin has a"
    " network, secrets or no isolation, so it may have had an effect outside; look before you replay it.",
)
PUT_ASIDE: Final = Decision(status=JobStatus.FAILED, rule="may_have_run", counts_as_loss=True)
RUN_AGAIN: Final = Decision(status=JobStatus.QUEUED, rule="run_after_recovery", run_at_delay_s=0)

# Its outcome is all that any other plugin leaves behind, so to run again costs nothing but time. What was
# sent to a cluster may still run there.
_HAS_EFFECTS: Final = """
    (coalesce(p.manifest -> 'network', 'false') = 'true'::jsonb
     OR coalesce(p.manifest -> 'secrets', '[]') <> '[]'::jsonb
     OR coalesce(j.requires ->> 'runtime', p.manifest #>> '{requires,runtime}', '') IN ('process', 'cluster'))
"""
UNDER_WAY: Final = text(f"""
    SELECT j.id, j.attempt, j.uid, {_HAS_EFFECTS} AS has_effects FROM jobs AS j
    JOIN plugins AS p ON p.id = j.plugin_id
    WHERE {active("j")} ORDER BY j.id
""")  # noqa: S608 - only constants of this program go in.
WAITING_WITH_EFFECTS: Final = text(f"""
    SELECT j.id FROM jobs AS j JOIN plugins AS p ON p.id = j.plugin_id
    WHERE {waiting("j")} AND {_HAS_EFFECTS} ORDER BY j.id
""")  # noqa: S608 - only constants of this program go in.
LEAVE_ATTEMPTS_OUT: Final = text(f"""
    UPDATE jobs SET attempt = attempt + {ATTEMPTS_LEFT_OUT}, generation = 0, redeliveries = 0 WHERE {WAITING}
""")  # noqa: S608 - only constants of this program go in.


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of unfinished jobs."""

    queued: int
    """They run again, or for the first time."""
    put_aside: int
    """They may have had an effect, and stand in the dead letters."""
    cancelled: int
    """They were asked to stop before."""


def settle_unfinished(connection: Connection) -> Settled:
    """Settle all unfinished jobs while nobody else knows of them; safe to repeat.

    Nobody can say whether a job has run since the moment that was recovered. What leaves nothing behind but
    its outcome is queued at its old place; what may have done something outside waits for somebody to look.
    """
    ended: dict[JobStatus, int] = dict.fromkeys(JobStatus, 0)
    for rows in _batches(connection.execute(UNDER_WAY).all()):
        decide = partial(_settled, has_effects={row.id for row in rows if row.has_effects})
        for status in _end(connection, rows, decide):
            ended[status] += 1
    aside = [row.id for row in connection.execute(WAITING_WITH_EFFECTS)]
    for ids in _batches(aside):
        fail_waiting(connection, ids, MAY_HAVE_RUN)
    queued = connection.execute(LEAVE_ATTEMPTS_OUT).rowcount
    return Settled(
        queued=queued,
        put_aside=ended[JobStatus.FAILED] + len(aside),
        cancelled=ended[JobStatus.CANCELLED],
    )


def _end(
    connection: Connection, rows: Sequence[Row[Any]], decide: Callable[[LockedAttempt], EndedAttempt]
) -> list[JobStatus]:
    locked = lock_attempts(connection, [AttemptKey(row.id, row.attempt, row.uid) for row in rows])
    ended = [decide(job) for job in locked]
    end_attempts(connection, ended)
    return [end.decision.status for end in ended]


def _settled(job: LockedAttempt, *, has_effects: set[int]) -> EndedAttempt:
    if job.cancel_requested:
        return ended_as_cancelled(job)
    may_have_run = job.key.job_id in has_effects
    return EndedAttempt(
        job=job,
        decision=PUT_ASIDE if may_have_run else RUN_AGAIN,
        outcome=OutcomeStatus.FAILED if may_have_run else OutcomeStatus.INTERRUPTED,
        worker=job.worker,
        error=MAY_HAVE_RUN if may_have_run else None,
        timings=job_timings(created_at=job.created_at, dispatched_at=job.dispatched_at, completed_at=job.now),
    )


def _batches(items: Sequence[Any]) -> Iterator[list[Any]]:
    rest = iter(items)
    while batch := list(islice(rest, AT_ONCE)):
        yield batch
