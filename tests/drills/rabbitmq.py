"""`make drill-rabbitmq`: RabbitMQ is killed and started again under load; none is lost, none counts twice.

Prints what came of it, and ends with 1 if it is not so: `python -m tests.drills.rabbitmq --kills 5`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from satellite.contracts.task_names import EXECUTE_QUEUE, RESULTS_QUEUE
from tests.acceptance.platform import Platform, running_platform, submit, wait_for_job
from tests.chaos.faults import redis_client
from tests.drills.adoption import result_events
from tests.fixtures.rabbitmq import RabbitMq, running_rabbitmq
from tests.fixtures.servers import wait_until

PLUGIN = "example-failing"
AWAY_S = 1.0
SETTLED_WITHIN_S = 300.0


@dataclass(frozen=True, kw_only=True)
class Drilled:
    """What became of the jobs."""

    jobs: int
    completed: int
    doubled: int
    again: int
    """Attempts beyond the first."""
    seconds: float

    @property
    def is_well(self) -> bool:
        """Tell whether all completed, and each has one result."""
        return self.completed == self.jobs and not self.doubled


@contextmanager
def drilled_platform(rabbitmq: RabbitMq) -> Iterator[Platform]:
    """Run a platform with two workers whose messages go by RabbitMQ."""
    arguments = ("--no-demo", "--runtime", "process", "--workers", "2", "--slots", "4")
    with running_platform(*arguments, environment={"CELERY_BROKER_URL": rabbitmq.url}) as platform:
        yield platform


def drill(platform: Platform, rabbitmq: RabbitMq, *, jobs: int, kills: int) -> Drilled:
    """Submit jobs, and kill RabbitMQ `kills` times while they run."""
    began_at = time.monotonic()
    with platform.api() as api:
        ids: list[int] = []
        for _ in range(kills):
            ids += submit_many(api, jobs // kills)
            wait_until(lambda: running(api) > 0, timeout_s=60)
            rabbitmq.kill()
            ids += submit_many(api, 1)  # While it is away.
            time.sleep(AWAY_S)
            rabbitmq.start()
        ended = [wait_for_job(api, job_id, timeout_s=SETTLED_WITHIN_S) for job_id in ids]
        results = [result_events(api, job_id) for job_id in ids]
    return Drilled(
        jobs=len(ids),
        completed=sum(job["status"] == "completed" for job in ended),
        doubled=sum(count != 1 for count in results),
        again=sum(job["attempt"] - 1 for job in ended),
        seconds=time.monotonic() - began_at,
    )


def submit_many(api: httpx.Client, count: int) -> list[int]:
    """Submit jobs of a few tenths of a second."""
    return [submit(api, PLUGIN, {"how": "sleep", "seconds": 0.2})["id"] for _ in range(count)]


def running(api: httpx.Client) -> int:
    """Return how many jobs run."""
    return int(api.get("/jobs", params={"status": "processing", "limit": 1}).json()["total"])


def uses_no_list_of_redis(platform: Platform) -> bool:
    """Tell whether no message has gone by Redis, which keeps leases and events."""
    with redis_client(platform) as client:
        return not client.exists(EXECUTE_QUEUE, RESULTS_QUEUE, "_kombu.binding.celery")


def main() -> int:
    """Drill as told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=600)
    parser.add_argument("--kills", type=int, default=5)
    options = parser.parse_args()
    with running_rabbitmq() as rabbitmq, drilled_platform(rabbitmq) as platform:
        drilled = drill(platform, rabbitmq, jobs=options.jobs, kills=options.kills)
    print(drilled)
    return 0 if drilled.is_well else 1


if __name__ == "__main__":
    sys.exit(main())
