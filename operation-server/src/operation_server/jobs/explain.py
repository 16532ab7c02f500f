"""Why a job is where it is: an ordered list of small named reasons; the first that applies is the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, Field

from operation_server.database.connections import AsyncConnection
from operation_server.database.rows import AnyRow
from operation_server.jobs.explain_clusters import refusals_of_clusters, told
from operation_server.jobs.put_aside import AsideNotes
from operation_server.jobs.repository import Circumstances, look_around
from operation_server.jobs.transitions import LossBudget
from operation_server.jobs.transitions.dispatch import MOST_REQUIREMENTS
from operation_server.models.job_states import is_waiting
from operation_server.workers.service import BrokerUnavailable, WorkerService
from satellite.contracts.cluster_needs import CLUSTER_RUNTIME
from satellite.contracts.job import JobStatus
from satellite.contracts.worker import WorkerHeartbeat

WORKERS_TOLD = 5
"""Of so many workers it is told why each cannot run a job."""


class Reason(StrEnum):
    """Why a job is where it is; stable, for programs."""

    FINISHED = "finished"
    CANCELLING = "cancelling"
    RUNNING = "running"
    BROKER_DOWN = "broker_down"
    WAITING_FOR_RETRY = "waiting_for_retry"
    PLUGIN_UNREADABLE = "plugin_unreadable"
    PUT_ASIDE = "put_aside"
    PLUGIN_PAUSED = "plugin_paused"
    NO_LIVE_WORKER = "no_live_worker"
    NO_FITTING_WORKER = "no_fitting_worker"
    NO_FITTING_CLUSTER = "no_fitting_cluster"
    TOO_MANY_REQUIREMENTS = "too_many_requirements"
    PLUGIN_LIMIT = "plugin_limit"
    USER_LIMIT = "user_limit"
    WAITING_FOR_SLOT = "waiting_for_slot"
    IN_QUEUE = "in_queue"
    CONCURRENCY_KEY = "concurrency_key"
    RUN_LIMIT = "run_limit"
    WAITING_FOR_APPROVAL = "waiting_for_approval"
    WAITING_FOR_TIME = "waiting_for_time"
    STEPS_UNDER_WAY = "steps_under_way"


class Explanation(BaseModel):
    """Why a job is where it is."""

    job_id: int = Field(examples=[42])
    status: JobStatus = Field(examples=["queued"])
    reason: Reason = Field(examples=["plugin_paused"])
    detail: str = Field(examples=["The plugin example-classifier is paused."])
    what_would_help: str = Field(
        examples=["An admin resumes it: POST /api/v1/plugins/example-classifier/resume"]
    )
    position: int | None = Field(
        default=None, description="Place among all waiting jobs; exact up to 10,000.", examples=[3]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that the reasons look at."""

    job: AnyRow
    around: Circumstances
    workers: Sequence[WorkerHeartbeat] | None
    """None: Redis does not answer."""
    aside_reason: str | None = None
    """Why the dispatcher leaves it alone for a while."""

    @property
    def taking(self) -> list[WorkerHeartbeat]:
        """Return the workers that begin further attempts."""
        return [worker for worker in self.workers or () if worker.takes_jobs]

    @property
    def drained(self) -> list[WorkerHeartbeat]:
        """Return the live workers that admins have drained."""
        return [worker for worker in self.workers or () if worker.drained]


Answer = tuple[Reason, str, str] | None


def finished(situation: Situation) -> Answer:
    """The job has ended."""
    job = situation.job
    status = JobStatus(job.status)
    if not status.is_terminal:
        return None
    kind = f" ({job.error['kind']})" if job.error else ""
    help_ = "" if status is JobStatus.COMPLETED else f"Run it again: POST /api/v1/jobs/{job.id}/retry"
    return (
        Reason.FINISHED,
        f"The job is {status}{kind} since {job.completed_at:%Y-%m-%d %H:%M:%S} UTC.",
        help_,
    )


def cancelling(situation: Situation) -> Answer:
    """A worker still has to let go of the job."""
    job = situation.job
    if job.cancel_requested_at is None:
        return None
    holder = f"worker {job.worker}" if job.worker else "the worker that takes it"
    return (
        Reason.CANCELLING,
        f"Its cancel was requested; it ends when {holder} has stopped it.",
        "Wait: the request is repeated until the job has ended.",
    )


def running(situation: Situation) -> Answer:
    """A worker runs it."""
    job = situation.job
    if job.status != JobStatus.PROCESSING:
        return None
    since = f" since {job.started_at:%Y-%m-%d %H:%M:%S} UTC" if job.started_at else ""
    return (
        Reason.RUNNING,
        f"Attempt {job.attempt} runs on worker {job.worker}{since}.{_replicas(situation, on=job.worker)}",
        f"It ends by itself, at the latest after its timeout of {job.timeout_s:g} s.",
    )


def broker_down(situation: Situation) -> Answer:
    """Nothing can be sent to workers."""
    if situation.workers is not None:
        return None
    return (
        Reason.BROKER_DOWN,
        "Redis does not answer, so no job can be sent to a worker. The job is stored safely.",
        "Start Redis again; the job is then sent by itself.",
    )


def waiting_for_retry(situation: Situation) -> Answer:
    """Its time has not come."""
    job = situation.job
    if job.run_at <= situation.around.now:
        return None
    return (
        Reason.WAITING_FOR_RETRY,
        (
            f"Attempt {job.attempt} failed; the next one starts at {job.run_at:%Y-%m-%d %H:%M:%S} UTC "
            f"({job.failures} of {job.max_retries} retries are used)."
        ),
        "Wait, or look at why it failed: its attempts and logs.",
    )


def plugin_unreadable(situation: Situation) -> Answer:
    """What its plugin version asks for is not understood."""
    reason = situation.around.unreadable
    if reason is None:
        return None
    job = situation.job
    return (
        Reason.PLUGIN_UNREADABLE,
        f"The definition of {job.plugin_name} {job.plugin_version} cannot be read: {reason}.",
        "Register another version of the plugin and submit the job again with it; cancel this one.",
    )


def put_aside(situation: Situation) -> Answer:
    """To dispatch it has failed."""
    if situation.aside_reason is None:
        return None
    return (
        Reason.PUT_ASIDE,
        f"The job could not be dispatched: {situation.aside_reason}.",
        "Wait: it is tried again soon, and fails after a few tries. The dispatcher's log tells more.",
    )


def plugin_paused(situation: Situation) -> Answer:
    """Operators hold the plugin back."""
    if not situation.around.is_paused:
        return None
    name = situation.job.plugin_name
    return (
        Reason.PLUGIN_PAUSED,
        f"The plugin {name} is paused.",
        f"An admin resumes it: POST /api/v1/plugins/{name}/resume",
    )


def no_fitting_cluster(situation: Situation) -> Answer:
    """It requires a cluster, and none takes it now."""
    around = situation.around
    if around.requires.runtime != CLUSTER_RUNTIME or situation.job.dispatched_at is not None:
        return None
    if not around.clusters:
        return (
            Reason.NO_FITTING_CLUSTER,
            "It requires a cluster, and none is registered.",
            "An admin registers one: POST /api/v1/clusters, or `satellite cluster add`.",
        )
    refusals = refusals_of_clusters(around, situation.workers or ())
    if not all(refusals.values()):
        return None
    return (
        Reason.NO_FITTING_CLUSTER,
        f"No cluster takes it now: {told(refusals)}.",
        "It waits for what changes by itself; else ask for less, or look at `satellite cluster doctor NAME`.",
    )


def no_live_worker(situation: Situation) -> Answer:
    """Nobody is there to run anything."""
    if situation.taking:
        return None
    if situation.drained:
        return (
            Reason.NO_LIVE_WORKER,
            f"No worker takes jobs: {_drained(situation.drained)}.",
            f"{_resume(situation.drained[0])}; or start another worker.",
        )
    known = len(situation.workers or ())
    detail = f"{known} workers are stopping or deaf" if known else "No worker gives a sign of life"
    return Reason.NO_LIVE_WORKER, f"{detail}.", "Start a worker."


def no_fitting_worker(situation: Situation) -> Answer:
    """No live worker has what plugin and job ask for, even when idle."""
    around = situation.around
    refusals = {
        worker.name: list(worker.worker_class.refusals(around.requires, around.demands.needs))
        for worker in situation.taking
    }
    if not all(refusals.values()):
        return None
    told = [f"{name} {' and '.join(reasons)}" for name, reasons in list(refusals.items())[:WORKERS_TOLD]]
    able = [
        worker
        for worker in situation.drained
        if worker.worker_class.can_run(around.requires, around.demands.needs)
    ]
    if able:
        return (
            Reason.NO_FITTING_WORKER,
            f"No worker that takes jobs can run it: {_drained(able)}; {'; '.join(told)}.",
            f"{_resume(able[0])}; or start a worker that has what is missing.",
        )
    more = f"; and {len(refusals) - WORKERS_TOLD} more workers" if len(refusals) > WORKERS_TOLD else ""
    return (
        Reason.NO_FITTING_WORKER,
        f"No live worker can run it, even when idle: {'; '.join(told)}{more}.",
        "Start a worker that has what is missing, or ask for less: in `requires`, or in the plugin.",
    )


def _drained(workers: Sequence[WorkerHeartbeat]) -> str:
    """Tell that workers are drained, of the first of them by name."""
    names = [worker.name for worker in workers[:WORKERS_TOLD]]
    more = f" and {len(workers) - WORKERS_TOLD} more" if len(workers) > WORKERS_TOLD else ""
    return f"{', '.join(names)}{more} {'is' if len(workers) == 1 else 'are'} drained"


def _resume(worker: WorkerHeartbeat) -> str:
    return f"An admin resumes {worker.name}: POST /api/v1/workers/{worker.name}/resume"


def too_many_requirements(situation: Situation) -> Answer:
    """Its owner's jobs have more different requirements than a round of dispatch looks at."""
    before = situation.around.requirements_ahead
    if situation.job.dispatched_at is not None or before < MOST_REQUIREMENTS:
        return None
    return (
        Reason.TOO_MANY_REQUIREMENTS,
        f"Dispatch looks at {MOST_REQUIREMENTS} requirements of a user's jobs at a time; {before} are first.",
        "Wait for those jobs, cancel them, or give more jobs the same `requires`.",
    )


def waiting_for_slot(situation: Situation) -> Answer:
    """It is in the broker, and the workers are busy."""
    if situation.job.dispatched_at is None:
        return None
    return (
        Reason.WAITING_FOR_SLOT,
        f"The job was sent to the workers and waits for a free slot.{_replicas(situation)}",
        "Wait; more workers or more slots would take it sooner.",
    )


def _replicas(situation: Situation, *, on: str | None = None) -> str:
    """Tell how often a server plugin is loaded, on one worker or all, and how much of that is busy."""
    job = situation.job
    replicas = [
        replica
        for worker in situation.workers or ()
        if on in {None, worker.name}
        for replica in worker.loaded
        if (replica.name, replica.version) == (job.plugin_name, job.plugin_version)
    ]
    if not replicas:
        return ""
    busy = sum(replica.busy for replica in replicas)
    return f" Of the replicas of its plugin {len(replicas)} are loaded there, {busy} of them busy."


def plugin_limit(situation: Situation) -> Answer:
    """As many jobs of the plugin run as may."""
    around = situation.around
    limits = [limit for limit in (around.demands.max_running, around.control_limit) if limit is not None]
    if not limits or around.active_of_plugin < min(limits):
        return None
    name = situation.job.plugin_name
    return (
        Reason.PLUGIN_LIMIT,
        f"{around.active_of_plugin} jobs of the plugin {name} run; {min(limits)} may.",
        f"Wait for one to end, or an admin raises the limit: PATCH /api/v1/plugins/{name}/control",
    )


def user_limit(situation: Situation) -> Answer:
    """As many jobs of the owner run as may."""
    limit = situation.around.owner_limit
    if limit is None or situation.around.active_of_owner < limit:
        return None
    return (
        Reason.USER_LIMIT,
        f"{situation.around.active_of_owner} jobs of its owner run; {limit} may.",
        "Wait for one to end, or an admin raises the owner's limit.",
    )


def in_queue(situation: Situation) -> Answer:
    """Others are before it."""
    before, around = situation.around.ahead, situation.around
    refusals = told(refusals_of_clusters(around, situation.workers or ()))
    others = f" It cannot go everywhere: {refusals}." if refusals else ""
    return (
        Reason.IN_QUEUE,
        (f"{before} waiting jobs are before it." if before else "It is next.") + others,
        "Wait; a higher priority or more workers would start it sooner.",
    )


REASONS: tuple[Callable[[Situation], Answer], ...] = (
    finished,
    cancelling,
    running,
    broker_down,
    waiting_for_retry,
    plugin_unreadable,
    put_aside,
    plugin_paused,
    no_fitting_cluster,
    no_live_worker,
    no_fitting_worker,
    too_many_requirements,
    waiting_for_slot,
    plugin_limit,
    user_limit,
    in_queue,
)
"""The order says which reason counts when several apply."""


class Explainer:
    """Looks at a job, its surroundings and the workers, and finds the reason."""

    def __init__(self, workers: WorkerService, asides: AsideNotes, losses: LossBudget) -> None:
        self._workers = workers
        self._asides = asides
        self._losses = losses

    async def explain(self, connection: AsyncConnection, job: AnyRow) -> Explanation:
        """Return why the job is where it is."""
        around = await look_around(connection, job)
        try:
            workers: Sequence[WorkerHeartbeat] | None = await self._workers.list_live()
        except BrokerUnavailable:
            workers = None
        waiting = is_waiting(job)
        aside_reason = (
            await self._asides.find(job_id=job.id, plugin_id=job.plugin_id, owner_id=job.owner_id)
            if waiting
            else None
        )
        situation = Situation(job=job, around=around, workers=workers, aside_reason=aside_reason)
        reason, detail, what_would_help = find_reason(situation)
        detail += _losses(job, self._losses)
        return Explanation(
            job_id=job.id,
            status=job.status,
            reason=reason,
            detail=detail,
            what_would_help=what_would_help,
            position=around.ahead + 1 if waiting else None,
        )


def _losses(job: AnyRow, budget: LossBudget) -> str:
    """Return what is said beside the reason of a job whose workers have died."""
    if not job.losses or JobStatus(job.status).is_terminal:
        return ""
    told = f" It was lost {job.losses} of {budget.losses_max} times, because its worker died or went silent"
    if not budget.is_suspect(job.losses):
        return f"{told}; that uses up no retries."
    return f"{told}, and may be the cause of it: its attempts run alone on their worker now."


def find_reason(situation: Situation) -> tuple[Reason, str, str]:
    """Return the first reason that applies."""
    return next(answer for reason in REASONS if (answer := reason(situation)) is not None)
