"""Why a run of a workflow is where it is: reasons in their order; the first that applies is the answer."""

from __future__ import annotations

from operation_server.database.rows import AnyRow
from operation_server.jobs.explain import Explanation, Reason
from satellite.contracts.job import JobStatus


def explain_run(run: AnyRow) -> Explanation:
    """Return why a run is where it is and what would help; `run` is a row of `find_run_around`."""
    status = JobStatus(run.status)
    reason, detail, help_ = (
        _finished(run, status)
        or _cancelling(run)
        or _not_begun(run, status)
        or _waiting(run)
        or _under_way(run)
    )
    return Explanation(job_id=run.id, status=status, reason=reason, detail=detail, what_would_help=help_)


Answer = tuple[Reason, str, str]


def _finished(run: AnyRow, status: JobStatus) -> Answer | None:
    if not status.is_terminal:
        return None
    if status is JobStatus.COMPLETED:
        return Reason.FINISHED, "The run is completed.", ""
    error = run.error or {}
    task = f" by its task {error['task']}: {error.get('message')}" if "task" in error else ""
    again = f"POST /api/v1/jobs/{run.id}/retry, or POST /api/v1/runs/{run.id}/restart"
    return Reason.FINISHED, f"The run is {status}{task or '.'}", f"Run what did not complete again: {again}"


def _cancelling(run: AnyRow) -> Answer | None:
    if run.cancel_requested_at is None:
        return None
    detail = f"Its cancel was requested; {run.steps_open} of its steps are still under way."
    return Reason.CANCELLING, detail, "Wait: the request is repeated until all have ended."


def _not_begun(run: AnyRow, status: JobStatus) -> Answer | None:
    if status is not JobStatus.QUEUED:
        return None
    if run.holder is not None:
        return (
            Reason.CONCURRENCY_KEY,
            f"Run {run.holder} has the same concurrency key, {run.concurrency_key!r}.",
            f"Wait for it, or cancel it: POST /api/v1/jobs/{run.holder}/cancel",
        )
    most = run.settings.get("max_active_runs")
    if most is not None:
        return (
            Reason.RUN_LIMIT,
            f"At most {most} runs of the workflow are active; {run.active} are, {run.ahead} came before it.",
            "Wait, cancel others, or deploy the workflow with a higher max_active_runs.",
        )
    return Reason.IN_QUEUE, "It begins as soon as it is looked at.", "See whether the dispatcher runs: /ready"


def _waiting(run: AnyRow) -> Answer | None:
    if run.steps_open > run.steps_waiting or not run.waiting:
        return None
    tasks = ", ".join(run.waiting)
    if run.due_at is not None:
        return Reason.WAITING_FOR_TIME, f"{tasks} wait until {run.due_at:%Y-%m-%d %H:%M:%S} UTC.", "Wait."
    place = f"/api/v1/runs/{run.id}/approvals/{run.waiting[0]}"
    return (
        Reason.WAITING_FOR_APPROVAL,
        f"Somebody has to approve: {tasks}.",
        f"Approve or reject it: POST {place}",
    )


def _under_way(run: AnyRow) -> Answer:
    jobs = run.jobs or []
    told = ", ".join(f"{each['task']} (job {each['job_id']}, {each['status']})" for each in jobs)
    ready = f" {run.steps_ready} more wait for room within the run." if run.steps_ready else ""
    help_ = f"Ask why one waits: GET /api/v1/jobs/{jobs[0]['job_id']}/explain" if jobs else "Wait."
    return Reason.STEPS_UNDER_WAY, f"{run.steps_open} of its steps are under way: {told}.{ready}", help_
