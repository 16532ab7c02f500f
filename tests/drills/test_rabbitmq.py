"""The whole platform on RabbitMQ: jobs, what Celery makes there, and one death of it under load."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import httpx
import pytest

from satellite.contracts.amqp_queues import DEAD_LETTERS
from satellite.contracts.task_names import EXECUTE_QUEUE, RESULTS_QUEUE
from tests.acceptance.platform import Platform, submit, wait_for_job
from tests.drills.rabbitmq import drill, drilled_platform, uses_no_list_of_redis
from tests.fixtures.rabbitmq import RabbitMq
from tests.fixtures.servers import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

JOBS = 40


def flower(platform: Platform, path: str) -> httpx.Response | None:
    """Return an answer of Flower, None while it does not answer: it starts last."""
    told = json.loads((platform.home / "credentials.json").read_text())
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(
            f"http://127.0.0.1:{platform.flower_port}{path}",
            auth=(told["username"], told["password"]),
            timeout=30,
        )
    return None


def shown_by_flower(platform: Platform, job: dict[str, Any]) -> bool:
    """Tell whether Flower has seen the end of a job's task."""
    answer = flower(platform, f"/api/task/info/job-{job['id']}-1")
    return answer is not None and answer.status_code == 200 and answer.json()["state"] == "SUCCESS"


def test_jobs_go_by_rabbitmq_and_survive_its_death(rabbitmq: RabbitMq) -> None:
    with drilled_platform(rabbitmq) as platform:
        wait_until(lambda: flower(platform, "/healthcheck"), timeout_s=120, interval_s=0.5)
        with platform.api() as api:
            job = submit(api, "example-failing", {"how": "ok"})
            assert wait_for_job(api, job["id"])["status"] == "completed"
        wait_until(lambda: shown_by_flower(platform, job), timeout_s=60, interval_s=0.5)

        drilled = drill(platform, rabbitmq, jobs=JOBS, kills=1)

        assert drilled.is_well, drilled
        assert drilled.jobs == JOBS + 1
        assert uses_no_list_of_redis(platform)
        wait_until(lambda: f'satellite_broker_messages{{queue="{DEAD_LETTERS}"}} 0.0' in platform.metrics())
        queues = rabbitmq.queues()
        assert {EXECUTE_QUEUE, RESULTS_QUEUE, DEAD_LETTERS} <= queues.keys()
        assert not [name for name in queues if "delayed" in name]
        # Nothing is left that nobody acknowledges.
        wait_until(
            lambda: not any(count for name, count in rabbitmq.queues().items() if "canary" not in name)
        )
