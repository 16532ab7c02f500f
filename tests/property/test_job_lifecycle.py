"""Any order of submissions, messages, losses and requests leaves jobs as the model says they must be."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, text

from operation_server.jobs import transitions
from operation_server.jobs.transitions import redispatch
from satellite.contracts.event import EventType
from satellite.contracts.identity import AttemptKey, JobKey
from satellite.contracts.job import JobStatus, StartedReport
from satellite.contracts.outcome import ErrorKind, JobError, Outcome, OutcomeStatus
from tests.integration.transitions.seed import BIG_WORKER, capacity_of, new_job, outcome
from tests.property.job_database import BY_PLACE, JobDatabase, job_database
from tests.property.job_model import (
    ALONE_AFTER,
    LOSSES_MAX,
    Ending,
    LifecycleModel,
    ModelJob,
    ModelPlugin,
    ModelUser,
    Told,
)

PLUGINS = [
    ModelPlugin(name="eager"),
    ModelPlugin(name="patient", retry_delay_s=3_600, max_running=2),
    ModelPlugin(name="resigned", retried=frozenset({ErrorKind.LOST})),
]
USERS = [ModelUser(name="ada"), ModelUser(name="bob", max_running=2)]
MAX_REDELIVERIES = 2
"""Few, so that the limit is met within a short story."""
MAX_JOBS = 12

EXPLORES = "SATELLITE_EXPLORE" in os.environ
"""Whether to look for new stories for minutes; otherwise they are the same in every run."""

SETTINGS = settings(
    max_examples=400 if EXPLORES else 30,
    stateful_step_count=40,
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    derandomize=not EXPLORES,
    # Shrinking a story takes minutes.
    phases=[Phase.generate, Phase.shrink] if EXPLORES else [Phase.generate],
)

MAKE_DUE = text("UPDATE jobs SET run_at = now() WHERE status = 'queued' AND run_at > now()")
LET_TTL_PASS = text(
    "UPDATE jobs SET expires_at = now() - interval '1 second'"
    " WHERE expires_at IS NOT NULL AND status IN ('queued', 'processing')"
)
PAUSE = text(
    "INSERT INTO plugin_controls (plugin_name, is_paused) VALUES (:name, :paused)"
    " ON CONFLICT (plugin_name) DO UPDATE SET is_paused = :paused"
)

LOSSES = transitions.LossBudget(losses_max=LOSSES_MAX, alone_after=ALONE_AFTER)
RECONCILER = {
    "confirm_cancelled": transitions.confirm_cancelled,
    "lose_attempts": partial(transitions.lose_attempts, losses=LOSSES),
    "release_undelivered": partial(transitions.release_undelivered, losses=LOSSES),
}

REPORTS = {
    "started": lambda connection, keys: transitions.apply_started(connection, list(map(begun, keys))),
    "finished": lambda connection, keys: transitions.apply_outcomes(
        connection, [reported(key, Ending.COMPLETED) for key in keys]
    ),
    "rejected": lambda connection, keys: transitions.give_up_attempts(
        connection, dict.fromkeys(keys, JobError(kind=ErrorKind.INTERNAL, message="not understood"))
    ),
}

Attempts = list[tuple[int, int]]
"""Positions of jobs in the order of submission, and numbers of attempts."""


class Aim(Enum):
    """Which job and attempt a message names."""

    ACTIVE = "newest attempt of a job in somebody's hands, if there is one"
    PREVIOUS = "the attempt before that"
    NEXT = "one that does not exist yet"
    ANY = "newest attempt of any job"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A job to submit."""

    plugin: ModelPlugin
    owner: ModelUser
    priority: int
    max_retries: int
    has_ttl: bool


PLACES = st.integers(0, 11)
SOME_JOBS = st.lists(PLACES, min_size=1, max_size=3)
ONE_ATTEMPT = st.tuples(st.sampled_from([*[Aim.ACTIVE] * 5, Aim.PREVIOUS, Aim.NEXT, Aim.ANY]), PLACES)
SOME_ATTEMPTS = st.lists(ONE_ATTEMPT, min_size=1, max_size=4)
REPORTED = [ending for ending in Ending if ending is not Ending.LOST]
DRAFTS = st.builds(
    Draft,
    plugin=st.sampled_from(PLUGINS),
    owner=st.sampled_from(USERS),
    priority=st.integers(0, 9),
    max_retries=st.integers(0, 2),
    has_ttl=st.booleans(),
)


class JobLifecycle(RuleBasedStateMachine):
    """Does everything to the database and to the model, and compares them after each step.

    Jobs are named by their position in the order of submission.
    """

    def __init__(self, database: JobDatabase) -> None:
        super().__init__()
        database.clear()
        self.database = database
        self.model = LifecycleModel(max_redeliveries=MAX_REDELIVERIES)
        self.keys: list[JobKey] = []
        self.forgotten: list[AttemptKey] = []
        self.highest_attempts: dict[int, int] = defaultdict(int)

    def job(self, place: int) -> int:
        """Return a job by its place, which wraps around."""
        return place % len(self.keys)

    def attempt(self, drawn: tuple[Aim, int]) -> tuple[int, int]:
        """Return a job and an attempt number that a message or the reconciler names."""
        aim, place = drawn
        active = [index for index, job in enumerate(self.model.jobs) if job.is_active]
        index = active[place % len(active)] if active and aim is not Aim.ANY else self.job(place)
        offset = {Aim.PREVIOUS: -1, Aim.NEXT: 1}.get(aim, 0)
        return index, self.model.jobs[index].attempt + offset

    @property
    def ids(self) -> list[int]:
        return [key.job_id for key in self.keys]

    def named(self, attempts: Attempts) -> list[AttemptKey]:
        return [
            AttemptKey(self.keys[index].job_id, attempt, self.keys[index].uid) for index, attempt in attempts
        ]

    @initialize(drafts=st.lists(DRAFTS, min_size=1, max_size=4))
    def submit_first(self, drafts: list[Draft]) -> None:
        self.submit(drafts)

    # Few jobs, so that most steps meet one in an interesting state.
    @precondition(lambda self: len(self.ids) < MAX_JOBS)
    @rule(drafts=st.lists(DRAFTS, min_size=1, max_size=2))
    def submit_more(self, drafts: list[Draft]) -> None:
        self.submit(drafts)

    def submit(self, drafts: list[Draft]) -> None:
        new_jobs = [
            new_job(
                self.database.users[draft.owner.name],
                self.database.plugins[draft.plugin.name, "1"],
                draft.plugin.name,
                priority=draft.priority,
                max_retries=draft.max_retries,
                expires_in_s=3_600 if draft.has_ttl else None,
            )
            for draft in drafts
        ]
        submitted = self.database.apply(lambda connection: transitions.submit_jobs(connection, new_jobs))
        self.keys += submitted.keys
        for draft in drafts:
            self.model.submit(
                ModelJob(
                    plugin=draft.plugin,
                    owner=draft.owner,
                    max_retries=draft.max_retries,
                    has_ttl=draft.has_ttl,
                )
            )

    def let_work_come(self, *, is_late: bool) -> None:
        """Dispatch before a step unless it comes late: hypothesis leaves whole rules out of a story."""
        if not is_late and not any(job.is_active for job in self.model.jobs):
            self.dispatch(limit=2, depth=100)

    @rule(limit=st.integers(1, 9), depth=st.integers(1, 9), crashes=st.booleans())
    def dispatch_some(self, limit: int, depth: int, crashes: bool) -> None:
        self.dispatch(limit=limit, depth=depth, crashes=crashes)

    def dispatch(self, *, limit: int, depth: int, crashes: bool = False) -> None:
        def select(connection: Connection) -> transitions.Selection:
            return transitions.select_and_mark(
                connection,
                capacity=capacity_of(BIG_WORKER.model_copy(update={"slots": depth})),
                catalog=self.database.catalog,
                limit=limit,
                losses=LOSSES,
            )

        if crashes:
            self.database.attempt_and_crash(select)
        by_place = self.database.rows(BY_PLACE)
        selection = self.database.apply(select)
        chosen = self.model.dispatch([self.ids.index(row.id) for row in by_place], limit=limit, depth=depth)
        assert [(job.job_id, job.attempt, job.uid) for job in selection.jobs] == self.named(chosen)
        suspects = [self.model.jobs[index].losses >= ALONE_AFTER for index, _ in chosen]
        assert [job.runs_alone for job in selection.jobs] == suspects
        assert selection.has_more or not self.model.has_room_for_more(depth=depth)

    @rule(drawn=SOME_ATTEMPTS, is_late=st.booleans())
    def report_started(self, drawn: list[tuple[Aim, int]], is_late: bool) -> None:
        self.let_work_come(is_late=is_late)
        attempts = [self.attempt(one) for one in drawn]
        reports = list(map(begun, self.named(attempts)))
        self.database.apply(lambda connection: transitions.apply_started(connection, reports))
        self.model.start(attempts)

    @rule(
        drawn=st.lists(st.tuples(ONE_ATTEMPT, st.sampled_from(REPORTED)), min_size=1, max_size=4),
        crashes=st.booleans(),
        is_late=st.booleans(),
    )
    def report_outcomes(
        self, drawn: list[tuple[tuple[Aim, int], Ending]], crashes: bool, is_late: bool
    ) -> None:
        self.let_work_come(is_late=is_late)
        endings = [(*self.attempt(one), ending) for one, ending in drawn]
        outcomes = [
            reported(key, ending)
            for key, (*_, ending) in zip(self.named([one[:2] for one in endings]), endings, strict=True)
        ]

        def apply(connection: Connection) -> transitions.AppliedOutcomes:
            return transitions.apply_outcomes(connection, outcomes)

        if crashes:
            self.database.attempt_and_crash(apply)
        answer = self.database.apply(apply)
        again = self.database.apply(apply)
        applied = self.model.finish(endings)
        assert sorted(answer.applied) == sorted(self.named(applied))
        assert answer.stale == len(outcomes) - len(applied)
        assert (again.applied, again.stale) == ([], len(outcomes))

    @rule(places=SOME_JOBS, is_late=st.booleans())
    def request_cancel(self, places: list[int], is_late: bool) -> None:
        self.let_work_come(is_late=is_late)
        some = [self.job(place) for place in places]
        ids = [self.ids[index] for index in some]
        before = {self.keys[index]: self.model.jobs[index] for index in some}
        waiting = sorted(key.job_id for key, job in before.items() if job.is_waiting)
        held = sorted(key for key, job in before.items() if job.is_active)
        finished = sorted(key.job_id for key, job in before.items() if job.status.is_terminal)
        answer = self.database.apply(lambda connection: transitions.request_cancel(connection, ids))
        self.model.request_cancel(some)
        assert (answer.cancelled, answer.cancelling) == (waiting, held)
        assert sorted(answer.already_finished) == finished

    @rule(
        step=st.sampled_from(sorted(RECONCILER)),
        drawn=SOME_ATTEMPTS,
        is_late=st.booleans(),
    )
    def reconcile(self, step: str, drawn: list[tuple[Aim, int]], is_late: bool) -> None:
        self.let_work_come(is_late=is_late)
        attempts = [self.attempt(one) for one in drawn]
        # The second time must change nothing.
        for _ in range(2):
            self.database.apply(lambda connection: RECONCILER[step](connection, self.named(attempts)))
        getattr(self.model, step)(attempts)

    @rule(drafts=st.lists(DRAFTS, min_size=1, max_size=3), is_late=st.booleans())
    def recover_from_a_backup(self, drafts: list[Draft], is_late: bool) -> None:
        """Forget the newest jobs; others get their numbers, while messages about them lie about."""
        self.let_work_come(is_late=is_late)
        count = min(len(drafts), len(self.keys))
        forgotten = list(zip(self.keys[-count:], self.model.jobs[-count:], strict=True))
        del self.keys[-count:], self.model.jobs[-count:]
        for key, job in forgotten:
            self.forgotten.append(AttemptKey(key.job_id, max(1, job.attempt), key.uid))
            del self.highest_attempts[key.job_id]
        ids = [key.job_id for key, _ in forgotten]
        self.database.forget(ids, next_id=ids[0])
        self.submit(drafts[:count])
        assert self.ids[-count:] == ids
        self.dispatch(limit=9, depth=100)

    @precondition(lambda self: self.forgotten)
    @rule(step=st.sampled_from(sorted(REPORTS | RECONCILER)))
    def hear_of_forgotten_jobs(self, step: str) -> None:
        """Bring messages about jobs that were forgotten, of the very attempts that their successors have."""
        newest = {key.job_id: job.attempt for key, job in zip(self.keys, self.model.jobs, strict=True)}
        keys = [key._replace(attempt=newest.get(key.job_id, key.attempt)) for key in self.forgotten]
        report = (REPORTS | RECONCILER)[step]
        # Whatever it did, the invariant would see it.
        self.database.apply(lambda connection: report(connection, keys))

    @rule(places=SOME_JOBS, version=st.sampled_from([None, "2"]))
    def replay(self, places: list[int], version: str | None) -> None:
        some = [self.job(place) for place in places]
        # Another version belongs to one plugin, so all replayed jobs must.
        plugin = self.model.jobs[some[0]].plugin
        some = [index for index in some if version is None or self.model.jobs[index].plugin is plugin]
        plugin_id = self.database.plugins[plugin.name, version] if version else None
        ids = [self.ids[index] for index in some]
        self.database.apply(
            lambda connection: transitions.replay(
                connection, ids, plugin_id=plugin_id, plugin_version=version
            )
        )
        self.model.replay(some, version=version)

    @rule()
    def let_retry_delays_pass(self) -> None:
        self.database.change(MAKE_DUE)
        for job in self.model.jobs:
            job.is_due = True

    @rule(is_swept=st.booleans())
    def let_times_to_live_pass(self, is_swept: bool) -> None:
        self.database.change(LET_TTL_PASS)
        for job in self.model.jobs:
            job.is_expired = job.has_ttl and not job.status.is_terminal
        if is_swept:
            self.database.apply(transitions.expire_waiting)
            self.model.expire()

    @rule(plugin=st.sampled_from(PLUGINS), paused=st.booleans())
    def pause_or_resume(self, plugin: ModelPlugin, paused: bool) -> None:
        self.database.change(PAUSE, name=plugin.name, paused=paused)
        (self.model.paused.add if paused else self.model.paused.discard)(plugin.name)

    @invariant()
    def database_is_as_the_model(self) -> None:
        history, told = defaultdict(list), defaultdict(list)
        rows, attempts, events = self.database.snapshot()
        for row in attempts:
            history[row.job_id].append((row.attempt, OutcomeStatus(row.outcome)))
        for row in events:
            told[row.job_id].append(
                Told(EventType(row.type), JobStatus(row.data["status"]), row.data["attempt"])
            )
        assert [row.id for row in rows] == self.ids
        for row, job in zip(rows, self.model.jobs, strict=True):
            assert seen(row) == expected(job)
            assert history[row.id] == job.history
            assert told[row.id] == job.told
            self.job_makes_sense(row, told[row.id])

    def job_makes_sense(self, row: Any, told: Sequence[Told]) -> None:
        """Check what holds for any job, whatever the model says."""
        assert row.attempt >= self.highest_attempts[row.id]
        self.highest_attempts[row.id] = row.attempt
        assert row.failures <= row.max_retries + 1
        assert row.losses <= LOSSES_MAX
        is_terminal = JobStatus(row.status).is_terminal
        assert (row.completed_at is not None) == is_terminal
        results = [event for event in told if event.type is EventType.RESULT]
        assert sum(event.status is JobStatus.COMPLETED for event in results) == (row.status == "completed")
        for life in lives(told):
            closings = [event for event in life if event.type is EventType.RESULT]
            assert closings in ([], life[-1:])
        assert (told[-1].type is EventType.RESULT) == is_terminal
        if row.status == "queued":
            assert (row.worker, row.started_at, row.result) == (None, None, None)
            assert row.dispatched_at is not None or row.cancel_requested_at is None
        if row.status == "processing":
            assert None not in (row.worker, row.started_at, row.dispatched_at)


def lives(told: Sequence[Told]) -> list[list[Told]]:
    """Split a job's events where it was replayed: after each result."""
    lives: list[list[Told]] = [[]]
    for event in told:
        if lives[-1] and lives[-1][-1].type is EventType.RESULT:
            assert event.status is JobStatus.QUEUED
            lives.append([])
        lives[-1].append(event)
    return lives


def begun(key: AttemptKey) -> StartedReport:
    """Return the report of a worker that has claimed an attempt."""
    return StartedReport(**key._asdict(), worker="w1", started_at=datetime.now(UTC))


def reported(key: AttemptKey, ending: Ending) -> Outcome:
    """Return the outcome in which a worker reports such an ending."""
    if ending is Ending.UNSTORABLE:
        return outcome(key.job_id, key.attempt, result="a\0b", uid=key.uid)
    error = JobError(kind=ending.kind, message=f"for {key.job_id}") if ending.kind else None
    return outcome(key.job_id, key.attempt, ending.outcome, error=error, uid=key.uid)


def seen(row: Any) -> dict[str, Any]:
    return {
        "status": row.status,
        "attempt": row.attempt,
        "failures": row.failures,
        "losses": row.losses,
        "redeliveries": row.redeliveries,
        "is_dispatched": row.status == "queued" and row.dispatched_at is not None,
        "is_cancelling": row.cancel_requested_at is not None,
        "version": row.plugin_version,
        "kind": row.error and row.error["kind"],
        "has_fingerprint": row.error_fingerprint is not None,
    }


def expected(job: ModelJob) -> dict[str, Any]:
    return {
        "status": job.status,
        "attempt": job.attempt,
        "failures": job.failures,
        "losses": job.losses,
        "redeliveries": job.redeliveries,
        "is_dispatched": job.status is JobStatus.QUEUED and job.is_dispatched,
        "is_cancelling": job.is_cancelling,
        "version": job.version,
        "kind": job.kind,
        "has_fingerprint": job.kind is not None,
    }


@pytest.mark.timeout(3_600 if EXPLORES else 400)
def test_jobs_live_as_the_model_says(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redispatch, "MAX_REDELIVERIES", MAX_REDELIVERIES)
    with job_database(database_url, PLUGINS, USERS) as database:
        run_state_machine_as_test(partial(JobLifecycle, database), settings=SETTINGS)  # type: ignore[arg-type]
