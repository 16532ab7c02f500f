"""What is counted and logged of attempts on clusters that have ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from operation_server.dispatch.cluster_ends import tell_of_cluster
from operation_server.jobs.transitions.ending import EndedAttempt, LockedAttempt
from operation_server.jobs.transitions.policy import Decision
from operation_server.metrics import pending
from satellite.contracts.job import JobStatus
from satellite.contracts.json_text import write_json
from satellite.contracts.outcome import OutcomeStatus
from satellite.contracts.task_names import EXECUTE_QUEUE, cluster_queue
from satellite.testing.messages import attempt_key_of

NOW = datetime.now(UTC)
NAMES = (
    "gpu_jobs_completed_total", "gpu_jobs_failed_total", "gpu_hours_total", "model_final_accuracy_sum",
    "training_final_loss_sum",
)  # fmt: skip


def ended(
    status: JobStatus = JobStatus.COMPLETED, *, queue: str = cluster_queue("lab"), result: Any = None
) -> EndedAttempt:
    job = LockedAttempt(
        key=attempt_key_of(1),
        generation=0,
        status=JobStatus.PROCESSING,
        owner_id=1,
        plugin_name="gpu-job",
        worker="cluster-lab",
        failures=0,
        max_retries=0,
        losses=0,
        cancel_requested=False,
        created_at=NOW - timedelta(hours=3),
        dispatched_at=NOW - timedelta(hours=3),
        started_at=NOW - timedelta(hours=2),
        now=NOW,
        retry=None,
        queue=queue,
        cards=4,
    )
    return EndedAttempt(
        job=job,
        decision=Decision(status=status, rule="tried"),
        outcome=OutcomeStatus.COMPLETED,
        worker="cluster-lab",
        result_json=write_json(result),
    )


def counted(end: EndedAttempt) -> list[float]:
    """Return by how much each metric has grown."""
    before = [REGISTRY.get_sample_value(name) or 0 for name in NAMES]
    tell_of_cluster(end)
    pending.hand_on()
    after = [REGISTRY.get_sample_value(name) or 0 for name in NAMES]
    return [round(new - old, 6) for old, new in zip(before, after, strict=True)]


def test_a_completed_job_is_counted_with_what_it_measured() -> None:
    result = {"exit_code": 0, "metrics": {"accuracy": 0.9, "loss": 0.25}}
    with capture_logs() as lines:
        assert counted(ended(result=result)) == [1, 0, 8, 0.9, 0.25]
    [line] = [line for line in lines if line["event"] == "job_completed"]
    assert (line["job_id"], line["duration"], line["final_metrics"]) == (1, 7200, result["metrics"])


def test_one_that_failed_has_measured_nothing() -> None:
    assert counted(ended(JobStatus.FAILED)) == [0, 1, 8, 0, 0]


def test_one_that_runs_again_has_not_ended() -> None:
    assert counted(ended(JobStatus.QUEUED)) == [0, 0, 8, 0, 0]


def test_jobs_of_workers_are_none() -> None:
    assert counted(ended(queue=EXECUTE_QUEUE)) == [0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    "result",
    [
        None,
        [],
        {"metrics": []},
        {"metrics": {"loss": "low", "accuracy": True}},
        {"metrics": {"loss": 10**400}},
    ],
)
def test_a_result_of_any_form_harms_nothing(result: Any) -> None:
    assert counted(ended(result=result))[:2] == [1, 0]
